/** Streams whose rights end: they are told a minute before, and let go of at the end. */
import { assertEquals } from "@std/assert";
import { alerts, createClient, createHubUnderTest, numbered, onAlerts } from "./support.ts";

const MINUTE_MS = 60_000;

async function follow(test: ReturnType<typeof createHubUnderTest>, ms: number) {
  const rightsEndAt = test.clock.now() + ms;
  const stream = await test.hub.subscribe({ filters: onAlerts, rightsEndAt });
  return createClient(stream);
}

const told = (client: ReturnType<typeof createClient>) =>
  client.frames.filter(({ event }) => event === "auth" || event === "bye")
    .map(({ event, id, data }) => [event, id, JSON.parse(data)]);

Deno.test("a stream is told 60 s before its rights end, and ends with bye revoked at the end", async () => {
  await using test = createHubUnderTest();
  await using client = (await follow(test, 3 * MINUTE_MS)).live();
  await test.clock.advance(2 * MINUTE_MS - 1);
  assertEquals(told(client), []);
  await test.clock.advance(1);
  const auth = ["auth", null, { expires_in_ms: MINUTE_MS }];
  assertEquals(told(client), [auth]);
  await test.clock.advance(MINUTE_MS - 1);
  assertEquals(told(client), [auth]);
  await test.clock.advance(1);
  assertEquals(told(client), [auth, ["bye", null, { reason: "revoked", retry_ms: 3000 }]]);
});

Deno.test("a stream whose rights end soon is told as it opens, after the opening and once", async () => {
  await using test = createHubUnderTest();
  await using client = (await follow(test, 5000)).live();
  await test.clock.advance(0);
  assertEquals(client.frames.map(({ event, id }) => [event, id !== null]), [
    ["sync", true],
    ["auth", false],
  ]);
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(5000);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "auth", "alert", "bye"]);
  assertEquals(told(client)[0], ["auth", null, { expires_in_ms: 5000 }]);
});

Deno.test("rights end for a client without room, too", async () => {
  await using test = createHubUnderTest();
  const ends: string[] = [];
  const stream = await test.hub.subscribe({
    filters: onAlerts,
    rightsEndAt: test.clock.now() + 30_000,
    onEnd: (reason) => void ends.push(reason),
  });
  await test.clock.advance(29_999);
  assertEquals(ends, []);
  await test.clock.advance(1);
  assertEquals(ends, ["revoked"]);
  await stream?.cancel();
});
