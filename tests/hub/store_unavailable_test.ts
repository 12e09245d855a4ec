/** Streams while the store is unavailable, and on its recovery. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { createFaultyHub } from "./faulty_log.ts";
import {
  alerts,
  createClient,
  notes,
  numbered,
  onAlerts,
  onBoth,
  onPrices,
  price,
  prices,
} from "./support.ts";

const onNotes = [{ topic: notes, tags: null }];

/** Returns the types and ids of frames. */
function typesAndIds(frames: readonly { event: string; id: string | null }[]) {
  return frames.map(({ event, id }) => [event, id]);
}

Deno.test("a hub that starts while the store is unavailable opens streams without delay, without ids and without a request to the log", async () => {
  await using test = createFaultyHub({ heartbeatMs: 1000 }, "down");
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(3500);
  assertEquals(typesAndIds(client.frames), [
    ["sync", null],
    ["snapshot", null],
    ["heartbeat", null],
    ["heartbeat", null],
    ["heartbeat", null],
  ]);
  assertEquals(client.cursor, "");
  const { check: _, ...asked } = faulty.calls;
  assertEquals(asked, { after: 0, latest: 0, honours: 0, head: 0 });
  await assertRejects(() => hub.publish(alerts, [numbered("alert", 1)]), StoreUnavailable);
});

Deno.test("a hub whose log is silent opens a stream after a second if the store is not known to be unavailable", async () => {
  await using test = createFaultyHub({}, "lagging");
  let isOpen = false;
  const opening = test.hub.subscribe({ filters: onAlerts }).then((stream) => {
    isOpen = true;
    return createClient(stream).live();
  });
  await test.clock.advance(999);
  assert(!isOpen);
  await test.clock.advance(1);
  assert(isOpen);
  await using client = await opening;
  await test.clock.advance(0);
  assertEquals(typesAndIds(client.frames), [["sync", null]]);
});

Deno.test("an unpositioned client receives its position on recovery, after a snapshot of state topics and a gap of log topics", async () => {
  await using test = createFaultyHub({}, "down");
  const { faulty, clock, hub } = test;
  const [id] = await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  const [head] = await faulty.publishElsewhere(prices, [price("A", 1)]);
  await using state = createClient(await hub.subscribe({ filters: onPrices })).live();
  await using log = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using both = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(5000);
  faulty.recover();
  await clock.advance(1000);

  assertEquals(typesAndIds(state.frames).slice(2), [["snapshot", null], ["heartbeat", head]]);
  assertEquals(typesAndIds(log.frames).slice(1), [["gap", null], ["heartbeat", head]]);
  const opened = [["gap", null], ["snapshot", null], ["heartbeat", head]];
  assertEquals(typesAndIds(both.frames).slice(2), opened);
  assertEquals(both.dataOf("gap"), [{ topic: "alerts", after: null, before: id }]);
  assertEquals(both.dataOf("snapshot"), [[], [{ symbol: "A", price: 1 }]]);

  await hub.publish(alerts, [numbered("alert", 2)]);
  await hub.publish(prices, [price("A", 2)]);
  await clock.advance(20);
  for (const client of [log, both]) assertEquals(client.dataOf("alert"), [{ n: 2 }]);
  for (const client of [state, both]) {
    assertEquals(client.dataOf("price"), [{ symbol: "A", price: 2 }]);
  }
});

Deno.test("an empty snapshot of an unfilled window is not cached for clients that open after the outage", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await faulty.publishElsewhere(prices, [price("A", 1)]);
  await using _alerts = createClient(await hub.subscribe({ filters: onAlerts })).live();
  faulty.goDown();
  await using early = createClient(await hub.subscribe({ filters: onPrices })).live();
  faulty.recover();
  await using late = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  assertEquals(early.dataOf("snapshot"), [[]]);
  assertEquals(late.dataOf("snapshot"), [[{ symbol: "A", price: 1 }]]);
});

Deno.test("a cursor that cannot be validated is assumed to be honoured, and the events after it follow on recovery", async () => {
  await using test = createFaultyHub({ heartbeatMs: 1000 }, "down");
  const { faulty, clock, hub } = test;
  const [cursor = ""] = await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  await faulty.publishElsewhere(alerts, [numbered("alert", 2)]);
  await faulty.publishElsewhere(prices, [price("A", 1)]);
  await using client = createClient(await hub.subscribe({ filters: onBoth, cursor }), cursor)
    .live();
  await clock.advance(2500);
  assertEquals(typesAndIds(client.frames), [["sync", null], ["heartbeat", cursor], [
    "heartbeat",
    cursor,
  ]]);
  assert(client.frames[0]?.data.includes(`"resumed":true,"gap":false`));
  faulty.recover();
  await clock.advance(1000);
  assertEquals(client.dataOf("alert", "price", "gap", "snapshot"), [
    { n: 2 },
    { symbol: "A", price: 1 },
  ]);
  assertEquals(faulty.calls.honours, 1);
});

for (const cursor of ["1600000000000-1", "abc"]) {
  Deno.test(`a client whose cursor (${cursor}) is not honoured on recovery receives a gap in mid-stream`, async () => {
    await using test = createFaultyHub({}, "down");
    const { faulty, clock, hub } = test;
    const [id] = await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
    const [head] = await faulty.publishElsewhere(prices, [price("A", 1)]);
    const epoch = `${id?.split("-")[0]}-0`;
    await using client = createClient(await hub.subscribe({ filters: onBoth, cursor })).live();
    await clock.advance(0);
    const isPosition = cursor !== "abc";
    assert(client.frames[0]?.data.includes(`"resumed":${isPosition},"gap":false`));
    assertEquals(client.dataOf("snapshot").length, isPosition ? 0 : 1);
    faulty.recover();
    await clock.advance(1000);
    const since = client.frames.slice(isPosition ? 1 : 2);
    assertEquals(typesAndIds(since), [
      ["gap", null],
      ["snapshot", null],
      ["heartbeat", epoch],
      ["alert", id],
      ["price", head],
    ]);
    assertEquals(client.dataOf("gap"), [{ topic: "alerts", after: null, before: id }]);
  });
}

Deno.test("Hub keeps its streams during an outage, opens new ones, and loses and repeats nothing", async () => {
  await using test = createFaultyHub({ heartbeatMs: 1000 });
  const { faulty, clock, hub } = test;
  await using old = createClient(await hub.subscribe({ filters: onBoth })).live();
  await hub.publish(prices, [price("A", 1)]);
  const [cursor = ""] = await hub.publish(alerts, [numbered("alert", 1)]);
  const [head = ""] = await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  faulty.goDown();
  await faulty.publishElsewhere(alerts, [numbered("alert", 3)]);
  await faulty.publishElsewhere(prices, [price("A", 2)]);
  await clock.advance(0);

  await using fresh = createClient(await hub.subscribe({ filters: onBoth })).live();
  await using back = createClient(await hub.subscribe({ filters: onBoth, cursor }), cursor).live();
  await using other = createClient(await hub.subscribe({ filters: onNotes })).live();
  assertEquals((await hub.latest({ topic: prices, tags: null })).cursor, null);
  await clock.advance(1100);
  assertEquals(typesAndIds(fresh.frames), [["sync", null], ["snapshot", null], [
    "heartbeat",
    head,
  ]]);
  assertEquals(fresh.dataOf("snapshot"), [[{ symbol: "A", price: 1 }]]);
  assert(back.frames[0]?.data.includes(`"resumed":true,"gap":false`));
  assertEquals(back.frames.at(-1)?.id, cursor);
  assertEquals(typesAndIds(other.frames), [["sync", null], ["heartbeat", null]]);

  await clock.advance(120_000);
  faulty.recover();
  await clock.advance(1000);
  const missed = [{ n: 3 }, { symbol: "A", price: 2 }];
  const all = [{ symbol: "A", price: 1 }, { n: 1 }, { n: 2 }, ...missed];
  assertEquals(old.dataOf("alert", "price", "gap"), all);
  assertEquals(fresh.dataOf("alert", "price", "gap"), missed);
  assertEquals(back.dataOf("alert", "price", "gap"), [{ n: 2 }, ...missed]);
  assertEquals(other.dataOf("gap"), [{ topic: "notes", after: null, before: null }]);
  const { cursor: position } = await hub.latest({ topic: prices, tags: null });
  assertEquals(position, await faulty.trueHead());
});

Deno.test("Hub probes an unavailable store at most once a second for all waiting clients", async () => {
  await using test = createFaultyHub({ retainEvents: 10 });
  const { faulty, clock, hub } = test;
  const [cursor] = await hub.publish(alerts, [numbered("alert", 0)]);
  await using _first = createClient(await hub.subscribe({ filters: onAlerts })).live();
  faulty.goDown();
  const { after, latest, honours, check } = faulty.calls;
  const waiting = await Promise.all(
    [...Array(50)].map(async () =>
      createClient(await hub.subscribe({ filters: [...onNotes, ...onAlerts], cursor })).live()
    ),
  );
  await clock.advance(10_000);
  const checks = faulty.calls.check - check;
  assert(checks >= 9 && checks <= 11, `${checks} checks in 10 s`);
  assertEquals(faulty.calls, { ...faulty.calls, after, latest, honours });
  for (const client of waiting) await client.hangUp();
});

Deno.test("a window that could not be filled is filled when a stream opens after the outage", async () => {
  await using test = createFaultyHub({}, "down");
  const { faulty, clock, hub } = test;
  const [cursor] = await faulty.publishElsewhere(notes, [numbered("note", 1)]);
  await faulty.publishElsewhere(notes, [numbered("note", 2)]);
  assertEquals((await hub.latest({ topic: notes, tags: null })).cursor, null);
  faulty.recover();
  await clock.advance(0);
  await using client = createClient(await hub.subscribe({ filters: onNotes, cursor })).live();
  await clock.advance(0);
  assertEquals(client.dataOf("note", "gap"), [{ n: 2 }]);
});

Deno.test("unpositioned clients that disconnect, are drained or open after close() leave nothing behind", async () => {
  const test = createFaultyHub({}, "down");
  const { clock, hub } = test;
  const gone = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using drained = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(1500);
  await gone.hangUp();
  await clock.advance(1500);
  hub.keepOpen(prices, 60_000);
  await hub.close();
  await using late = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  for (const client of [drained, late]) {
    assertEquals(client.frames.at(-1)?.event, "bye");
    assert(client.isEnded);
  }
  assertEquals([clock.timers, test.faulty.subscribers], [0, 0]);
});

Deno.test("a stream that opens while the last window is released subscribes to the log all the same", async () => {
  await using test = createFaultyHub({}, "lagging");
  const { faulty, clock, hub } = test;
  const opening = hub.subscribe({ filters: onNotes });
  await clock.advance(1000);
  await createClient(await opening).hangUp();
  await clock.advance(59_500);
  const next = hub.subscribe({ filters: onAlerts }); // it waits a second, in which the window of the notes is released
  await clock.advance(1000);
  await using client = createClient(await next).live();
  faulty.recover();
  await clock.advance(1000);
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(20);
  assertEquals(client.dataOf("alert"), [{ n: 1 }]);
});

Deno.test("a blocked client receives its position once it is writable", async () => {
  await using test = createFaultyHub({}, "down");
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts }));
  faulty.recover();
  await clock.advance(5000);
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(0);
  client.live();
  await clock.advance(2000);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "gap", "heartbeat"]);
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  assertEquals(client.dataOf("alert"), [{ n: 2 }]);
});

Deno.test("a topic that cannot be read does not delay the clients of other topics", async () => {
  await using test = createFaultyHub({}, "down");
  const { faulty, clock, hub } = test;
  await using log = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using state = createClient(await hub.subscribe({ filters: onPrices })).live();
  const { latest } = faulty.log;
  faulty.log.latest = (topic, ...rest) =>
    topic === alerts ? Promise.reject(new Error("spoilt")) : latest(topic, ...rest);
  faulty.recover();
  await clock.advance(1000);
  assertEquals(state.frames.at(-1)?.id, await faulty.trueHead());
  assertEquals(log.frames.length, 1);
  faulty.log.latest = latest;
  await clock.advance(1000);
  assertEquals(log.frames.at(-1)?.id, await faulty.trueHead());
  assert(test.lines.some((line) => line.includes("spoilt")));
});

Deno.test("a client that replays pages when the store becomes unavailable receives the rest on recovery", async () => {
  await using test = createFaultyHub();
  const { faulty, hub, clock } = test;
  await using _first = createClient(await hub.subscribe({ filters: onAlerts }));
  const ids: string[] = [];
  for (let n = 0; n < 40; n++) {
    const publishing = hub.publish(alerts, [numbered("alert", n, "x".repeat(60_000))]);
    await clock.advance(20);
    ids.push(...await publishing);
  }
  await using client = createClient(await hub.subscribe({ filters: onAlerts, cursor: ids[0] }));
  faulty.goDown();
  client.live();
  await clock.advance(5000);
  assert(client.dataOf("alert").length < 39);
  faulty.recover();
  await clock.advance(5000);
  assertEquals(
    client.frames.filter(({ event }) => event === "alert").map(({ id }) => id),
    ids.slice(1),
  );
});
