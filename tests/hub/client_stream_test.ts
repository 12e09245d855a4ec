/** How streams live and end: heartbeats, age, stalls, hang-ups, drain. */
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
} from "./support.ts";

Deno.test("a heartbeat comes after silence, with the head of the log where nothing is owed", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(
    await test.hub.subscribe({ filters: [{ topic: prices, tags: ["B"] }] }),
  ).live();
  await test.clock.advance(5000);
  const [id] = await test.hub.publish(prices, [price("A", 1)]); // not this client's
  await test.clock.advance(9000);
  assertEquals(client.said("heartbeat"), []);
  await test.clock.advance(2000);
  const beat = client.frames.at(-1);
  assertEquals([beat?.event, beat?.id], ["heartbeat", id ?? null]);
  assertEquals(Number(beat?.data) % 1000, test.clock.now() % 1000);
});

Deno.test("any frame puts the heartbeat off", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(await test.hub.subscribe({ filters: onPrices })).live();
  for (let n = 1; n <= 5; n++) {
    await test.clock.advance(10_000);
    await test.hub.publish(prices, [price("A", n)]);
  }
  await test.clock.advance(14_000);
  assertEquals(client.said("heartbeat"), []);
  await test.clock.advance(2000);
  assertEquals(client.said("heartbeat").length, 1);
});

Deno.test("a heartbeat's id is just before what is still owed", async () => {
  await using test = createHubUnderTest({ heartbeatMs: 1000 });
  await using client = createClient(
    await test.hub.subscribe({ filters: onAlerts, maxRate: 0.1 }),
  ).live();
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(0);
  const [before] = await test.hub.publish(prices, [price("A", 1)]);
  await test.hub.publish(alerts, [numbered("alert", 2)]); // waits for the next delivery
  await test.hub.publish(prices, [price("A", 2)]);
  await test.clock.advance(1100);
  const beat = client.frames.at(-1);
  assertEquals([beat?.event, beat?.id], ["heartbeat", before ?? null]);

  // So that a client cut here loses nothing.
  await using back = createClient(
    await test.hub.subscribe({ filters: onAlerts, cursor: client.cursor }),
  ).live();
  await test.clock.advance(0);
  assertEquals(back.said("alert"), [{ n: 2 }]);
});

Deno.test("a client without room gets no heartbeat, and bye slow after 60 s", async () => {
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

Deno.test("a stalled client whose place has left the window is let go, and its cursor tells the gap", async () => {
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
  assertEquals(back.said("gap").length, 1);
  assertEquals(back.said("alert").length, 10);
});

Deno.test("a stream ends at its maximum age with bye, a jittered retry and no id", async () => {
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

Deno.test("drain() says bye to everyone, stalled ones too, and to who comes in meanwhile", async () => {
  await using test = createHubUnderTest();
  const stalled = createClient(await test.hub.subscribe({ filters: onPrices }));
  await using live = createClient(await test.hub.subscribe({ filters: onAlerts })).live();
  const late = test.hub.subscribe({ filters: onPrices });
  test.hub.drain();
  await using newcomer = createClient(await late).live();
  stalled.live();
  await test.clock.advance(0);
  for (const client of [stalled, live, newcomer]) {
    assertEquals(client.frames.at(-1)?.event, "bye");
    assert(client.isEnded);
  }
});

Deno.test("a hang-up frees the audience, and after the last one no timer is left", async () => {
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

Deno.test("clients that leave while events flow do no harm to those who stay", async () => {
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
    assertEquals(clients[i]?.said("alert"), [...Array(20).keys()].map((n) => ({ n })));
    await clients[i]?.hangUp();
  }
});

Deno.test("whileFollowed() runs from the first follower to the last", async () => {
  await using test = createHubUnderTest();
  const runs: string[] = [];
  test.hub.whileSubscribed(prices, () => {
    runs.push("start");
    return () => runs.push("stop");
  });
  await using a = createClient(await test.hub.subscribe({ filters: onPrices }));
  await using b = createClient(await test.hub.subscribe({ filters: onPrices }));
  await a.hangUp();
  assertEquals(runs, ["start"]);
  await b.hangUp();
  assertEquals(runs, ["start", "stop"]);
});

Deno.test("hold() follows a topic for a while, and longer where it is said again", async () => {
  await using test = createHubUnderTest();
  const runs: string[] = [];
  test.hub.whileSubscribed(prices, () => {
    runs.push("start");
    return () => runs.push("stop");
  });
  test.hub.keepOpen(prices, 1000);
  await test.clock.advance(600);
  test.hub.keepOpen(prices, 1000);
  await test.clock.advance(600);
  assertEquals(runs, ["start"]);
  await test.clock.advance(500);
  assertEquals(runs, ["start", "stop"]);
});

Deno.test("newest() tells what a filter lets through now, and where a stream may go on", async () => {
  await using test = createHubUnderTest();
  await test.hub.publish(prices, [price("A", 1), price("B", 2)]);
  const { events, cursor } = await test.hub.latest({ topic: prices, tags: ["B"] });
  assertEquals(events.map(({ json }) => JSON.parse(json)), [{ symbol: "B", price: 2 }]);
  assertEquals(cursor, await test.log.head());
});

Deno.test("one heartbeat timer serves all audiences", async () => {
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
      const beats = client.said("heartbeat").length;
      assert(beats >= 18 && beats <= 20, `${beats} heartbeats in 300 s`);
      assertEquals(client.said("bye"), []);
    }
  });
}
