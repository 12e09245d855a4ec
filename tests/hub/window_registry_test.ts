/** A hub follows the log while somebody follows a topic, and a minute longer. */
import { assertEquals } from "@std/assert";
import { createShakyHub } from "./faulty_log.ts";
import { alerts, createClient, numbered, onAlerts, prices } from "./support.ts";

Deno.test("a minute after the last follower the log is not followed any more, and the next one begins anew", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  assertEquals(shaky.followers, 0);
  const client = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  const cursor = client.cursor;
  await client.hangUp();
  await clock.advance(59_000);
  assertEquals(shaky.followers, 1);
  await clock.advance(1000);
  assertEquals([shaky.followers, clock.timers], [0, 0]);

  await shaky.elsewhere(alerts, [numbered("alert", 1)]);
  await using next = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  assertEquals(shaky.followers, 1);
  assertEquals(next.said("alert", "gap"), [{ n: 1 }, { n: 2 }]);
});

Deno.test("a hold follows like a stream", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  hub.keepOpen(prices, 5000);
  await clock.advance(64_000);
  assertEquals(shaky.followers, 1);
  await clock.advance(1000);
  assertEquals([shaky.followers, clock.timers], [0, 0]);
});

Deno.test("a hub that is closed leaves no timer and follows nothing, whoever waits for it", async () => {
  const test = createShakyHub({}, "lagging");
  const { shaky, clock, hub } = test;
  const opening = hub.subscribe({ filters: onAlerts });
  hub.keepOpen(prices, 5000);
  await clock.advance(500);
  await hub.close();
  await using client = createClient(await opening).live();
  await clock.advance(0);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "bye"]);
  assertEquals([shaky.followers, clock.timers], [0, 0]);
});
