/** Streams while the shared log is away, and when it answers again. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { createShakyHub } from "./faulty_log.ts";
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

/** Types and ids of frames. */
function told(frames: readonly { event: string; id: string | null }[]) {
  return frames.map(({ event, id }) => [event, id]);
}

Deno.test("a hub born while the log is away opens streams at once, asks nothing of it, and no frame has an id", async () => {
  await using test = createShakyHub({ heartbeatMs: 1000 }, "away");
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(3500);
  assertEquals(told(client.frames), [
    ["sync", null],
    ["snapshot", null],
    ["heartbeat", null],
    ["heartbeat", null],
    ["heartbeat", null],
  ]);
  assertEquals(client.cursor, "");
  const { check: _, ...asked } = shaky.calls;
  assertEquals(asked, { after: 0, latest: 0, honours: 0, head: 0 });
  await assertRejects(() => hub.publish(alerts, [numbered("alert", 1)]), StoreUnavailable);
});

Deno.test("a hub whose log is silent and not known to be away opens a stream after a second", async () => {
  await using test = createShakyHub({}, "lagging");
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
  assertEquals(told(client.frames), [["sync", null]]);
});

Deno.test("a hub born while the log is away gives its streams a place when it comes: snapshot and head, or gap and head", async () => {
  await using test = createShakyHub({}, "away");
  const { shaky, clock, hub } = test;
  const [id] = await shaky.elsewhere(alerts, [numbered("alert", 1)]);
  const [head] = await shaky.elsewhere(prices, [price("A", 1)]);
  await using state = createClient(await hub.subscribe({ filters: onPrices })).live();
  await using log = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using both = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(5000);
  shaky.comeBack();
  await clock.advance(1000);

  assertEquals(told(state.frames).slice(2), [["snapshot", null], ["heartbeat", head]]);
  assertEquals(told(log.frames).slice(1), [["gap", null], ["heartbeat", head]]);
  const opened = [["gap", null], ["snapshot", null], ["heartbeat", head]];
  assertEquals(told(both.frames).slice(2), opened);
  assertEquals(both.said("gap"), [{ topic: "alerts", after: null, before: id }]);
  assertEquals(both.said("snapshot"), [[], [{ symbol: "A", price: 1 }]]);

  await hub.publish(alerts, [numbered("alert", 2)]);
  await hub.publish(prices, [price("A", 2)]);
  await clock.advance(20);
  for (const client of [log, both]) assertEquals(client.said("alert"), [{ n: 2 }]);
  for (const client of [state, both]) {
    assertEquals(client.said("price"), [{ symbol: "A", price: 2 }]);
  }
});

Deno.test("an empty snapshot of a window that could not be read is not kept for who comes after the outage", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await shaky.elsewhere(prices, [price("A", 1)]);
  await using _alerts = createClient(await hub.subscribe({ filters: onAlerts })).live();
  shaky.leave();
  await using early = createClient(await hub.subscribe({ filters: onPrices })).live();
  shaky.comeBack();
  await using late = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  assertEquals(early.said("snapshot"), [[]]);
  assertEquals(late.said("snapshot"), [[{ symbol: "A", price: 1 }]]);
});

Deno.test("a cursor that cannot be judged is taken at its word, and what follows it comes when the log does", async () => {
  await using test = createShakyHub({ heartbeatMs: 1000 }, "away");
  const { shaky, clock, hub } = test;
  const [cursor = ""] = await shaky.elsewhere(alerts, [numbered("alert", 1)]);
  await shaky.elsewhere(alerts, [numbered("alert", 2)]);
  await shaky.elsewhere(prices, [price("A", 1)]);
  await using client = createClient(await hub.subscribe({ filters: onBoth, cursor }), cursor)
    .live();
  await clock.advance(2500);
  assertEquals(told(client.frames), [["sync", null], ["heartbeat", cursor], ["heartbeat", cursor]]);
  assert(client.frames[0]?.data.includes(`"resumed":true,"gap":false`));
  shaky.comeBack();
  await clock.advance(1000);
  assertEquals(client.said("alert", "price", "gap", "snapshot"), [
    { n: 2 },
    { symbol: "A", price: 1 },
  ]);
  assertEquals(shaky.calls.honours, 1);
});

for (const cursor of ["1600000000000-1", "abc"]) {
  Deno.test(`a cursor that proves not honoured (${cursor}) is told so in mid-stream`, async () => {
    await using test = createShakyHub({}, "away");
    const { shaky, clock, hub } = test;
    const [id] = await shaky.elsewhere(alerts, [numbered("alert", 1)]);
    const [head] = await shaky.elsewhere(prices, [price("A", 1)]);
    const epoch = `${id?.split("-")[0]}-0`;
    await using client = createClient(await hub.subscribe({ filters: onBoth, cursor })).live();
    await clock.advance(0);
    const isPosition = cursor !== "abc";
    assert(client.frames[0]?.data.includes(`"resumed":${isPosition},"gap":false`));
    assertEquals(client.said("snapshot").length, isPosition ? 0 : 1);
    shaky.comeBack();
    await clock.advance(1000);
    const since = client.frames.slice(isPosition ? 1 : 2);
    assertEquals(told(since), [
      ["gap", null],
      ["snapshot", null],
      ["heartbeat", epoch],
      ["alert", id],
      ["price", head],
    ]);
    assertEquals(client.said("gap"), [{ topic: "alerts", after: null, before: id }]);
  });
}

Deno.test("a hub that lived before an outage keeps its streams, opens new ones, and loses and repeats nothing", async () => {
  await using test = createShakyHub({ heartbeatMs: 1000 });
  const { shaky, clock, hub } = test;
  await using old = createClient(await hub.subscribe({ filters: onBoth })).live();
  await hub.publish(prices, [price("A", 1)]);
  const [cursor = ""] = await hub.publish(alerts, [numbered("alert", 1)]);
  const [head = ""] = await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  shaky.leave();
  await shaky.elsewhere(alerts, [numbered("alert", 3)]);
  await shaky.elsewhere(prices, [price("A", 2)]);
  await clock.advance(0);

  await using fresh = createClient(await hub.subscribe({ filters: onBoth })).live();
  await using back = createClient(await hub.subscribe({ filters: onBoth, cursor }), cursor).live();
  await using other = createClient(await hub.subscribe({ filters: onNotes })).live();
  assertEquals((await hub.latest({ topic: prices, tags: null })).cursor, null);
  await clock.advance(1100);
  assertEquals(told(fresh.frames), [["sync", null], ["snapshot", null], ["heartbeat", head]]);
  assertEquals(fresh.said("snapshot"), [[{ symbol: "A", price: 1 }]]);
  assert(back.frames[0]?.data.includes(`"resumed":true,"gap":false`));
  assertEquals(back.frames.at(-1)?.id, cursor);
  assertEquals(told(other.frames), [["sync", null], ["heartbeat", null]]);

  await clock.advance(600_000);
  shaky.comeBack();
  await clock.advance(1000);
  const missed = [{ n: 3 }, { symbol: "A", price: 2 }];
  const all = [{ symbol: "A", price: 1 }, { n: 1 }, { n: 2 }, ...missed];
  assertEquals(old.said("alert", "price", "gap"), all);
  assertEquals(fresh.said("alert", "price", "gap"), missed);
  assertEquals(back.said("alert", "price", "gap"), [{ n: 2 }, ...missed]);
  assertEquals(other.said("gap"), [{ topic: "notes", after: null, before: null }]);
  const { cursor: position } = await hub.latest({ topic: prices, tags: null });
  assertEquals(position, await shaky.trueHead());
});

Deno.test("while the log is away it is asked once a second at most whether it is, for all who wait", async () => {
  await using test = createShakyHub({ retainEvents: 10 });
  const { shaky, clock, hub } = test;
  const [cursor] = await hub.publish(alerts, [numbered("alert", 0)]);
  await using _first = createClient(await hub.subscribe({ filters: onAlerts })).live();
  shaky.leave();
  const { after, latest, honours, check } = shaky.calls;
  const waiting = await Promise.all(
    [...Array(50)].map(async () =>
      createClient(await hub.subscribe({ filters: [...onNotes, ...onAlerts], cursor })).live()
    ),
  );
  await clock.advance(10_000);
  const checks = shaky.calls.check - check;
  assert(checks >= 9 && checks <= 11, `${checks} checks in 10 s`);
  assertEquals(shaky.calls, { ...shaky.calls, after, latest, honours });
  for (const client of waiting) await client.hangUp();
});

Deno.test("a topic whose window was never read is read when a stream opens after the outage", async () => {
  await using test = createShakyHub({}, "away");
  const { shaky, clock, hub } = test;
  const [cursor] = await shaky.elsewhere(notes, [numbered("note", 1)]);
  await shaky.elsewhere(notes, [numbered("note", 2)]);
  assertEquals((await hub.latest({ topic: notes, tags: null })).cursor, null);
  shaky.comeBack();
  await clock.advance(0);
  await using client = createClient(await hub.subscribe({ filters: onNotes, cursor })).live();
  await clock.advance(0);
  assertEquals(client.said("note", "gap"), [{ n: 2 }]);
});

Deno.test("streams that wait for a place may leave, be drained or come too late, and leave nothing behind", async () => {
  const test = createShakyHub({}, "away");
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
  assertEquals([clock.timers, test.shaky.followers], [0, 0]);
});

Deno.test("a stream that opens as the last window goes follows all the same", async () => {
  await using test = createShakyHub({}, "lagging");
  const { shaky, clock, hub } = test;
  const opening = hub.subscribe({ filters: onNotes });
  await clock.advance(1000);
  await createClient(await opening).hangUp();
  await clock.advance(59_500);
  const next = hub.subscribe({ filters: onAlerts }); // it waits a second, in which the window of the notes goes
  await clock.advance(1000);
  await using client = createClient(await next).live();
  shaky.comeBack();
  await clock.advance(1000);
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(20);
  assertEquals(client.said("alert"), [{ n: 1 }]);
});

Deno.test("a client without room when its place is known is told it when it has some", async () => {
  await using test = createShakyHub({}, "away");
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts }));
  shaky.comeBack();
  await clock.advance(5000);
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(0);
  client.live();
  await clock.advance(2000);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "gap", "heartbeat"]);
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  assertEquals(client.said("alert"), [{ n: 2 }]);
});

Deno.test("a topic that cannot be read keeps nobody waiting who does not ask for it", async () => {
  await using test = createShakyHub({}, "away");
  const { shaky, clock, hub } = test;
  await using log = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using state = createClient(await hub.subscribe({ filters: onPrices })).live();
  const { latest } = shaky.log;
  shaky.log.latest = (topic, ...rest) =>
    topic === alerts ? Promise.reject(new Error("spoilt")) : latest(topic, ...rest);
  shaky.comeBack();
  await clock.advance(1000);
  assertEquals(state.frames.at(-1)?.id, await shaky.trueHead());
  assertEquals(log.frames.length, 1);
  shaky.log.latest = latest;
  await clock.advance(1000);
  assertEquals(log.frames.at(-1)?.id, await shaky.trueHead());
  assert(test.lines.some((line) => line.includes("spoilt")));
});

Deno.test("a client that is given pages as the log goes away waits for it, and then is given the rest", async () => {
  await using test = createShakyHub();
  const { shaky, hub, clock } = test;
  await using _first = createClient(await hub.subscribe({ filters: onAlerts }));
  const ids: string[] = [];
  for (let n = 0; n < 40; n++) {
    const publishing = hub.publish(alerts, [numbered("alert", n, "x".repeat(60_000))]);
    await clock.advance(20);
    ids.push(...await publishing);
  }
  await using client = createClient(await hub.subscribe({ filters: onAlerts, cursor: ids[0] }));
  shaky.leave();
  client.live();
  await clock.advance(5000);
  assert(client.said("alert").length < 39);
  shaky.comeBack();
  await clock.advance(5000);
  assertEquals(
    client.frames.filter(({ event }) => event === "alert").map(({ id }) => id),
    ids.slice(1),
  );
});
