/** The life of a client: heartbeats, expiry, blocking, disconnects, drain, large events. */
import { assert, assertEquals } from "@std/assert";
import type { EndReason } from "../../lib/hub/client_stream.ts";
import {
  alerts,
  createClient,
  createHubUnderTest,
  notes,
  numbered,
  onAlerts,
  onPrices,
  price,
  prices,
  readerOf,
} from "./support.ts";

Deno.test("a client receives a heartbeat after silence, with the head of the log as its id if no events are pending", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(
    await test.hub.subscribe({ filters: [{ topic: prices, tags: ["B"] }] }),
  ).live();
  await test.clock.advance(5000);
  const [id] = await test.hub.publish(prices, [price("A", 1)]); // does not pass the filter
  await test.clock.advance(9000);
  assertEquals(client.dataOf("heartbeat"), []);
  await test.clock.advance(2000);
  const heartbeat = client.frames.at(-1);
  assertEquals([heartbeat?.event, heartbeat?.id], ["heartbeat", id ?? null]);
  assertEquals(Number(heartbeat?.data) % 1000, test.clock.now() % 1000);
});

Deno.test("any frame postpones the heartbeat", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(await test.hub.subscribe({ filters: onPrices })).live();
  for (let n = 1; n <= 5; n++) {
    await test.clock.advance(10_000);
    await test.hub.publish(prices, [price("A", n)]);
  }
  await test.clock.advance(14_000);
  assertEquals(client.dataOf("heartbeat"), []);
  await test.clock.advance(2000);
  assertEquals(client.dataOf("heartbeat").length, 1);
});

Deno.test("a heartbeat's id is just before the pending events", async () => {
  await using test = createHubUnderTest({ heartbeatMs: 1000 });
  await using client = createClient(
    await test.hub.subscribe({ filters: onAlerts, maxRate: 0.1 }),
  ).live();
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(0);
  const [before] = await test.hub.publish(prices, [price("A", 1)]);
  await test.hub.publish(alerts, [numbered("alert", 2)]); // waits for the next flush
  await test.hub.publish(prices, [price("A", 2)]);
  await test.clock.advance(1100);
  const heartbeat = client.frames.at(-1);
  assertEquals([heartbeat?.event, heartbeat?.id], ["heartbeat", before ?? null]);

  // A client that is cut here loses nothing.
  await using back = createClient(
    await test.hub.subscribe({ filters: onAlerts, cursor: client.cursor }),
  ).live();
  await test.clock.advance(0);
  assertEquals(back.dataOf("alert"), [{ n: 2 }]);
});

Deno.test("a blocked client receives no heartbeat, and ends with bye slow after 60 s", async () => {
  await using test = createHubUnderTest();
  const ends: EndReason[] = [];
  const client = createClient(
    await test.hub.subscribe({ filters: onPrices, onEnd: (reason) => ends.push(reason) }),
  );
  await test.clock.advance(59_000);
  assertEquals(ends, []);
  await test.clock.advance(3000);
  assertEquals(ends, ["slow"]);
  client.live();
  await test.clock.advance(0);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "snapshot", "bye"]);
  assert(client.isEnded);
});

Deno.test("a blocked client whose position was evicted from the window ends, and its cursor yields the gap", async () => {
  await using test = createHubUnderTest({ retainEvents: 10 });
  const client = createClient(await test.hub.subscribe({ filters: onAlerts }));
  for (let n = 1; n <= 12; n++) {
    await test.hub.publish(alerts, [numbered("alert", n)]);
    await test.clock.advance(20);
  }
  await test.clock.advance(2000);
  client.live();
  await test.clock.advance(0);
  assertEquals(client.frames.map(({ event, id }) => [event, id !== null]).at(-1), ["bye", false]);
  assert(client.isEnded);

  await using back = createClient(
    await test.hub.subscribe({ filters: onAlerts, cursor: client.cursor }),
  ).live();
  await test.clock.advance(0);
  assertEquals(back.dataOf("gap").length, 1);
  assertEquals(back.dataOf("alert").length, 10);
});

Deno.test("a stream ends at its maximum age with a bye that has a jittered retry and no id", async () => {
  await using test = createHubUnderTest({ streamMaxAgeMs: 60_000 });
  const ends: EndReason[] = [];
  await using client = createClient(
    await test.hub.subscribe({ filters: onPrices, onEnd: (reason) => ends.push(reason) }),
  ).live();
  await test.clock.advance(62_000);
  const bye = client.frames.at(-1);
  assertEquals([bye?.event, bye?.id, bye?.retry], ["bye", null, 3000]);
  assertEquals(JSON.parse(bye?.data ?? ""), { reason: "max_age", retry_ms: 3000 });
  assert(client.isEnded);
  assertEquals(ends, ["max_age"]);
});

Deno.test("drain() sends bye to every client, also to blocked ones and to those that open meanwhile", async () => {
  await using test = createHubUnderTest();
  const blocked = createClient(await test.hub.subscribe({ filters: onPrices }));
  await using live = createClient(await test.hub.subscribe({ filters: onAlerts })).live();
  const late = test.hub.subscribe({ filters: onPrices });
  test.hub.drain();
  await using newcomer = createClient(await late).live();
  blocked.live();
  await test.clock.advance(0);
  for (const client of [blocked, live, newcomer]) {
    assertEquals(client.frames.at(-1)?.event, "bye");
    assert(client.isEnded);
  }
});

Deno.test("a disconnect releases the broadcast group, and the last one leaves no timer", async () => {
  await using test = createHubUnderTest();
  const ends: EndReason[] = [];
  const stopped: string[] = [];
  test.hub.whileSubscribed(alerts, () => () => void stopped.push("alerts"));
  const onEnd = (reason: EndReason) => void ends.push(reason);
  const clients = [
    createClient(await test.hub.subscribe({ filters: onAlerts, onEnd })).live(),
    createClient(await test.hub.subscribe({ filters: onAlerts, onEnd })),
  ];
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.hub.publish(alerts, [numbered("alert", 2)]);
  for (const client of clients) await client.hangUp();
  assertEquals(ends, ["gone", "gone"]);
  assertEquals(stopped, ["alerts"]);
  await test.clock.advance(60_000); // windows linger
  assertEquals(test.clock.timers, 0);
});

Deno.test("clients that disconnect while events are sent do not affect the others", async () => {
  await using test = createHubUnderTest();
  const clients = await Promise.all(
    [...Array(20)].map(async () =>
      createClient(await test.hub.subscribe({ filters: onAlerts })).live()
    ),
  );
  for (let n = 0; n < 20; n++) {
    await test.hub.publish(alerts, [numbered("alert", n)]);
    await test.clock.advance(20);
    if (n % 2 === 0) await clients[n]?.hangUp();
  }
  for (let i = 1; i < 20; i += 2) {
    assertEquals(clients[i]?.dataOf("alert"), [...Array(20).keys()].map((n) => ({ n })));
    await clients[i]?.hangUp();
  }
});

Deno.test("one heartbeat timer serves all broadcast groups", async () => {
  await using test = createHubUnderTest();
  const clients = await Promise.all([onAlerts, onPrices, [{ topic: notes, tags: null }]].map(
    async (filters) => createClient(await test.hub.subscribe({ filters })).live(),
  ));
  await test.clock.advance(0);
  assertEquals(test.clock.timers, 1);
  for (const client of clients) await client.hangUp();
});

for (const hours of [-1, 1]) {
  Deno.test(`a wall clock that is set by ${hours} h stops no heartbeat and ends no stream`, async () => {
    await using test = createHubUnderTest();
    await using early = createClient(await test.hub.subscribe({ filters: onPrices })).live();
    await test.clock.advance(1000);
    test.clock.shiftWallClock(hours * 3_600_000);
    await using late = createClient(await test.hub.subscribe({ filters: onPrices })).live();
    await test.clock.advance(300_000);
    for (const client of [early, late]) {
      const beats = client.dataOf("heartbeat").length;
      assert(beats >= 18 && beats <= 20, `${beats} heartbeats in 300 s`);
      assertEquals(client.dataOf("bye"), []);
    }
  });
}

const MINUTE_MS = 60_000;

async function subscribe(test: ReturnType<typeof createHubUnderTest>, ms: number) {
  const rightsEndAt = test.clock.now() + ms;
  const stream = await test.hub.subscribe({ filters: onAlerts, rightsEndAt });
  return createClient(stream);
}

const authAndBye = (client: ReturnType<typeof createClient>) =>
  client.frames.filter(({ event }) => event === "auth" || event === "bye")
    .map(({ event, id, data }) => [event, id, JSON.parse(data)]);

Deno.test("a client receives auth 60 s before its rights expire, and bye revoked when they do", async () => {
  await using test = createHubUnderTest();
  await using client = (await subscribe(test, 3 * MINUTE_MS)).live();
  await test.clock.advance(2 * MINUTE_MS - 1);
  assertEquals(authAndBye(client), []);
  await test.clock.advance(1);
  const auth = ["auth", null, { expires_in_ms: MINUTE_MS }];
  assertEquals(authAndBye(client), [auth]);
  await test.clock.advance(MINUTE_MS - 1);
  assertEquals(authAndBye(client), [auth]);
  await test.clock.advance(1);
  assertEquals(authAndBye(client), [auth, ["bye", null, { reason: "revoked", retry_ms: 3000 }]]);
});

Deno.test("a client whose rights expire soon receives auth once, after the initial frames", async () => {
  await using test = createHubUnderTest();
  await using client = (await subscribe(test, 5000)).live();
  await test.clock.advance(0);
  assertEquals(client.frames.map(({ event, id }) => [event, id !== null]), [
    ["sync", true],
    ["auth", false],
  ]);
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(5000);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "auth", "alert", "bye"]);
  assertEquals(authAndBye(client)[0], ["auth", null, { expires_in_ms: 5000 }]);
});

Deno.test("a blocked client ends revoked when its rights expire", async () => {
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

const TEXT = "x".repeat(60_000);

Deno.test("a client receives a large event in pieces of 4 KiB, one per tick, and nothing between them", async () => {
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
    // Between the pieces, another event is published and a heartbeat falls due.
    if (sizes.length === 3) await hub.publish(alerts, [numbered("alert", 2)]);
    if (sizes.length === 5) await clock.advance(30_000);
  }
  assertEquals(Math.max(...sizes), 4096);
  assertEquals(text.match(/^event: .*$/gm), ["event: alert", "event: alert"]);
  assert(text.includes(TEXT));
  await reader.cancel();
});

Deno.test("a stream that ends in mid-frame finishes the frame and sends bye", async () => {
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
