/** Large events: in pieces, with nothing in between. */
import { assert, assertEquals } from "@std/assert";
import {
  alerts,
  createClient,
  createHubUnderTest,
  numbered,
  onAlerts,
  readerOf,
} from "./support.ts";

const TEXT = "x".repeat(60_000);

Deno.test("a large event goes in pieces of 4 KiB on turns of their own, and what follows comes after it", async () => {
  await using test = createHubUnderTest();
  const { hub, clock } = test;
  const reader = readerOf(await hub.subscribe({ filters: onAlerts }));
  await reader.read();
  await hub.publish(alerts, [numbered("alert", 1, TEXT)]);
  await clock.advance(20);
  const sizes: number[] = [];
  let text = "";
  const utf8 = new TextDecoder();
  while (!text.includes(`"n":2`)) {
    const reading = reader.read();
    await clock.advance(0);
    const { value } = await reading;
    assert(value);
    sizes.push(value.byteLength);
    text += utf8.decode(value, { stream: true });
    // In the middle of it there are others, heartbeats and time that passes.
    if (sizes.length === 3) await hub.publish(alerts, [numbered("alert", 2)]);
    if (sizes.length === 5) await clock.advance(30_000);
  }
  assertEquals(Math.max(...sizes), 4096);
  assertEquals(text.match(/^event: .*$/gm), ["event: alert", "event: alert"]);
  assert(text.includes(TEXT));
  await reader.cancel();
});

Deno.test("a stream that ends in the middle of a frame finishes it, and says bye", async () => {
  await using test = createHubUnderTest();
  const { hub, clock } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts }));
  await client.readOne();
  const [id = ""] = await hub.publish(alerts, [numbered("alert", 1, TEXT)]);
  await clock.advance(20);
  await client.readOne();
  hub.drain();
  await clock.advance(0);
  while (!client.isEnded) await client.readOne();
  assertEquals(client.frames.map(({ event }) => event), ["sync", "alert", "bye"]);
  assertEquals(client.cursor, id);
});
