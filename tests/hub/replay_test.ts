/** Replay: clients that catch up from the log, since their isolate lags, jumps or does not reach back. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { createFaultyHub, type FaultyHub } from "./faulty_log.ts";
import {
  alerts,
  createClient,
  createHubUnderTest,
  notes,
  numbered,
  onAlerts,
  onBoth,
  onPrices,
  price,
  prices,
} from "./support.ts";

function alertsOf(from: number, to: number, text?: string) {
  return [...Array(to - from + 1).keys()].map((i) => numbered("alert", from + i, text));
}

/** Publishes events that this isolate does not receive, and lets its consumer jump over them. */
async function jumpOver({ faulty, clock }: FaultyHub, publish: () => Promise<unknown>) {
  faulty.lag();
  await publish();
  await clock.advance(0);
  await faulty.jump();
  await clock.advance(20);
}

Deno.test("subscribe() honours a cursor ahead of a lagging isolate, and sends only the events after it", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using early = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(0);
  faulty.lag();
  await faulty.publishElsewhere(prices, [price("A", 1)]);
  const [cursor = ""] = await faulty.publishElsewhere(alerts, alertsOf(1, 2));
  const ahead = await faulty.trueHead();
  await faulty.publishElsewhere(alerts, alertsOf(3, 3));
  await faulty.publishElsewhere(prices, [price("A", 2)]);
  await using client = createClient(
    await hub.subscribe({ filters: onBoth, cursor: ahead }),
    ahead,
  ).live();
  await clock.advance(16_000);
  assertEquals(client.frames.map(({ event, id }) => [event, id]), [
    ["sync", ahead],
    ["heartbeat", ahead],
  ]);
  assert(client.frames[0]?.data.includes(`"resumed":true,"gap":false`));
  faulty.recover();
  await clock.advance(2000);
  assertEquals(client.dataOf("alert", "price", "gap", "snapshot"), [
    { n: 3 },
    { symbol: "A", price: 2 },
  ]);
  assertEquals(early.dataOf("alert").length, 3);
  assert(cursor < ahead);
});

Deno.test("subscribe() with snapshot=1 sends no snapshot that is older than a cursor ahead of a lagging isolate", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using _early = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  faulty.lag();
  const [cursor] = await faulty.publishElsewhere(prices, [price("A", 1)]);
  const opening = hub.subscribe({ filters: onPrices, cursor, withSnapshot: true });
  await clock.advance(500);
  faulty.recover();
  await using client = createClient(await opening).live();
  await clock.advance(0);
  assertEquals(client.dataOf("snapshot"), [[{ symbol: "A", price: 1 }]]);
});

Deno.test("after a jump, a client receives the missed events from the log, in order, once each, and the newest values of state topics", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  await using quiet = createClient(
    await hub.subscribe({ filters: [{ topic: notes, tags: null }] }),
  ).live();
  await hub.publish(alerts, alertsOf(1, 1));
  await clock.advance(20);
  await jumpOver(test, async () => {
    await faulty.publishElsewhere(prices, [price("A", 1)]);
    await faulty.publishElsewhere(alerts, alertsOf(2, 3));
    await faulty.publishElsewhere(prices, [price("A", 2), price("B", 1)]);
  });
  await hub.publish(alerts, alertsOf(4, 4));
  await clock.advance(20);
  assertEquals(client.dataOf("alert", "price", "gap", "snapshot"), [
    [],
    { n: 1 },
    { n: 2 },
    { n: 3 },
    { symbol: "A", price: 2 },
    { symbol: "B", price: 1 },
    { n: 4 },
  ]);
  assertEquals(quiet.chunks, 1);
  assertEquals(client.cursor, await faulty.trueHead());
});

Deno.test("after a jump beyond the log's retention, a client receives a gap in mid-stream, then the retained events and the live ones", async () => {
  await using test = createFaultyHub({ retainEvents: 3 });
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  const [after] = await hub.publish(alerts, alertsOf(1, 1));
  await clock.advance(20);
  let ids: readonly string[] = [];
  await jumpOver(test, async () => {
    ids = await faulty.publishElsewhere(alerts, alertsOf(2, 6));
    await faulty.publishElsewhere(prices, [price("A", 1)]);
  });
  await hub.publish(alerts, alertsOf(7, 7));
  await clock.advance(20);
  assertEquals(client.dataOf("gap"), [{ topic: "alerts", after, before: ids[2] }]);
  assertEquals(client.frames.map(({ event }) => event), [
    ...["sync", "snapshot", "alert", "gap", "alert", "alert", "alert", "price", "alert"],
  ]);
  assertEquals(client.frames[3]?.id, null);
  assertEquals(client.dataOf("alert"), [1, 4, 5, 6, 7].map((n) => ({ n })));
});

Deno.test("a client that is blocked during a jump receives every retained event", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  const text = "x".repeat(9000);
  await using client = createClient(await hub.subscribe({ filters: onAlerts }));
  await hub.publish(alerts, alertsOf(1, 5, text));
  await clock.advance(20);
  await jumpOver(test, () => faulty.publishElsewhere(alerts, alertsOf(6, 100, text)));
  await hub.publish(alerts, alertsOf(101, 110, text));
  await clock.advance(5000);
  client.live();
  await clock.advance(1000);
  const numbers = client.dataOf("alert").map((each) => Object(each).n);
  assertEquals(numbers, [...Array(110).keys()].map((i) => i + 1));
  assertEquals(client.dataOf("gap", "bye"), []);
});

Deno.test("a client that falls behind after a jump ends with bye slow, and its cursor yields the gap", async () => {
  await using test = createFaultyHub({ retainEvents: 4 });
  const { faulty, clock, hub } = test;
  const client = createClient(await hub.subscribe({ filters: onAlerts }));
  await hub.publish(alerts, alertsOf(1, 1));
  await clock.advance(20);
  await jumpOver(test, () => faulty.publishElsewhere(alerts, alertsOf(2, 3)));
  for (let n = 4; n <= 20; n++) {
    await hub.publish(alerts, alertsOf(n, n));
    await clock.advance(20);
  }
  client.live();
  await clock.advance(2000);
  assertEquals(client.dataOf("gap"), []);
  assertEquals(client.dataOf("bye").map((bye) => Object(bye).reason), ["slow"]);
  await using back = createClient(
    await hub.subscribe({ filters: onAlerts, cursor: client.cursor }),
  ).live();
  await clock.advance(0);
  assertEquals(back.dataOf("gap").length, 1);
  assertEquals(back.dataOf("alert"), [17, 18, 19, 20].map((n) => ({ n })));
});

Deno.test("a jump to the isolate's own position sends no frame and delays no heartbeat", async () => {
  await using test = createFaultyHub({ heartbeatMs: 10_000 });
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(8000);
  await faulty.jump();
  await clock.advance(0);
  assertEquals(client.chunks, 1);
  await clock.advance(2500);
  assertEquals(client.dataOf("heartbeat").length, 1);
});

Deno.test("clients far behind the window share the pages of the log, however small their chunks", async () => {
  let pages = 0;
  await using test = createHubUnderTest({ retainEvents: 3000 }, (log) => ({
    ...log,
    after(...args) {
      pages++;
      return log.after(...args);
    },
  }));
  const cursor = await test.log.head();
  const text = "x".repeat(2000);
  await test.hub.publish(alerts, alertsOf(1, 1000, text));
  await test.hub.publish(alerts, alertsOf(1001, 2000, text));

  const filters = [{ topic: alerts, tags: null }];
  for (let each = 0; each < 20; each++) {
    await using client = createClient(await test.hub.subscribe({ filters, cursor })).live();
    await test.clock.advance(0);
    assertEquals(client.dataOf("alert").length, 2000);
  }
  // 4 MB are 16 pages; the last MiB is in the window.
  assertLess(pages, 20);
});

Deno.test("a page that was read before a truncation does not hide the gap", async () => {
  const retained = 200;
  await using test = createHubUnderTest({ retainEvents: retained });
  const filters = [{ topic: alerts, tags: null }];
  const text = "x".repeat(20_000);
  const publish = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await test.hub.publish(alerts, [numbered("alert", n, text)]);
    await test.clock.advance(0);
  };
  const cursor = await test.log.head();
  await publish(1, retained);
  await using first = createClient(await test.hub.subscribe({ filters, cursor })).live();
  await test.clock.advance(0);
  assertEquals(first.dataOf("alert").length, retained);

  await publish(retained + 1, retained + 5);
  await using second = createClient(await test.hub.subscribe({ filters, cursor })).live();
  await test.clock.advance(0);
  const ids = second.frames.filter(({ event }) => event === "alert").map(({ id }) => id);
  assertEquals(ids.length, retained);
  assertEquals(second.dataOf("gap"), [{ topic: "alerts", after: cursor, before: ids[0] }]);
});

Deno.test("a gap that was reported for one topic does not cover a later one of another topic", async () => {
  await using test = createHubUnderTest({ retainEvents: 2 });
  const filters = [alerts, notes].map((topic) => ({ topic, tags: null }));
  const cursor = await test.log.head();
  await test.hub.latest({ topic: notes, tags: null });
  await test.hub.publish(notes, [numbered("note", 1), numbered("note", 2)]);
  await test.hub.publish(alerts, [1, 2, 3].map((n) => numbered("alert", n)));
  await test.clock.advance(0);
  await using client = createClient(await test.hub.subscribe({ filters, cursor }), cursor);
  await test.hub.publish(notes, [numbered("note", 3)]);
  await test.clock.advance(0);
  client.live();
  await test.clock.advance(1000);

  assertEquals(client.dataOf("gap").map((gap) => Object(gap).topic), ["alerts"]);
  // The first note was truncated without a gap: the client has to reconnect for it.
  assertEquals([client.dataOf("note"), client.dataOf("bye").length, client.cursor], [
    [],
    1,
    cursor,
  ]);
});

Deno.test("a client far behind the window receives pages of the log, then the window, then the live events", async () => {
  await using test = createHubUnderTest({ retainEvents: 2000 });
  const cursor = await test.log.head();
  const text = "x".repeat(2000);
  for (let n = 1; n <= 1000; n++) {
    await test.hub.publish(n % 2 ? alerts : notes, [
      numbered(n % 2 ? "alert" : "note", n, text),
    ]);
  }
  // A window holds a MiB, the log retains everything.
  await using client = createClient(
    await test.hub.subscribe({ filters: [...onAlerts, { topic: notes, tags: null }], cursor }),
  ).live();
  await test.clock.advance(0);
  await test.hub.publish(alerts, [numbered("alert", 1001)]);
  await test.clock.advance(20);
  const numbers = client.frames.flatMap(({ event, data }) =>
    event === "alert" || event === "note" ? [Number(/"n":(\d+)/.exec(data)?.[1])] : []
  );
  assertEquals(numbers, [...Array(1001).keys()].map((i) => i + 1));
});

Deno.test("a client far behind the window skips whole pages that do not pass its filter", async () => {
  await using test = createHubUnderTest({ retainEvents: 2000 });
  const cursor = await test.log.head();
  const text = "x".repeat(2000);
  for (let n = 1; n <= 1000; n++) {
    const tags = [n % 400 === 0 ? "rare" : "common"];
    await test.hub.publish(alerts, [{ ...numbered("alert", n, text), tags }]);
  }
  await using client = createClient(
    await test.hub.subscribe({ filters: [{ topic: alerts, tags: ["rare"] }], cursor }),
  ).live();
  await test.clock.advance(0);
  assertEquals(client.dataOf("alert"), [400, 800].map((n) => ({ n, text })));
});

Deno.test("a client whose cursor is not honoured receives the events that are published while its beginning is sought", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const release = faulty.holdAnswers();
  const opening = hub.subscribe({ filters: onAlerts, cursor: "nonsense" });
  await clock.advance(0);
  await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  await clock.advance(20);
  release();
  await using client = createClient(await opening).live();
  await clock.advance(20);
  assertEquals([client, other].map((each) => each.dataOf("alert")), [[{ n: 1 }], [{ n: 1 }]]);
});

Deno.test("a client that is blocked by values without ids while a page is read for it continues as soon as it reads", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth }));
  await client.readOne();
  await clock.advance(0);
  faulty.lag();
  await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  const release = faulty.holdAnswers();
  await faulty.jump();
  await clock.advance(0);
  hub.overlay(prices, [price("A", 1)]);
  release();
  await clock.advance(0);
  client.live();
  await clock.advance(20);
  assertEquals(client.dataOf("price", "alert"), [{ symbol: "A", price: 1 }, { n: 1 }]);
});
