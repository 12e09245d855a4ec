/** Pull queries: the newest values, and the events after a cursor. */
import { assert, assertEquals } from "@std/assert";
import { createFaultyHub } from "./faulty_log.ts";
import { alerts, createHubUnderTest, numbered, price, prices } from "./support.ts";

/** Events that exceed a window, so that the oldest are read from the log. */
const [COUNT, TEXT] = [300, "x".repeat(10_000)];

Deno.test("since() returns every retained event after a cursor, once, in parts, whatever the window holds", async () => {
  await using test = createHubUnderTest({ maxEventBytes: 65_536 });
  const { hub } = test;
  hub.keepOpen(alerts, 60_000);
  const epoch = await test.log.head();
  for (let n = 1; n <= COUNT; n++) await hub.publish(alerts, [numbered("alert", n, TEXT)]);
  await test.clock.advance(0);
  assert((await hub.latest({ topic: alerts, tags: null })).events.length < COUNT / 2);

  const numbers: number[] = [];
  let cursor = epoch;
  for (let isWhole = false; !isWhole;) {
    const part = await hub.since({ topic: alerts, tags: null }, cursor, 70);
    assert(part.events.length <= 70 && !part.hasGap && part.cursor !== null);
    numbers.push(...part.events.map(({ json }): number => JSON.parse(json).n));
    ({ cursor, isWhole } = { cursor: part.cursor, isWhole: part.isWhole });
  }
  assertEquals(numbers, Array.from({ length: COUNT }, (_, n) => n + 1));
  assertEquals(cursor, await test.log.head());
});

Deno.test("since() never moves a cursor back, however little this isolate has received", async () => {
  let ahead = "";
  await using test = createHubUnderTest({}, (log) => ({
    ...log,
    honours: (cursor) => cursor === ahead ? Promise.resolve(true) : log.honours(cursor),
  }));
  const { hub } = test;
  const [id] = await hub.publish(alerts, [numbered("alert", 1)]);
  ahead = `${Number(id?.split("-")[0]) + 1000}-1`;
  const part = await hub.since({ topic: alerts, tags: null }, ahead, 10);
  assertEquals([part.events, part.cursor, part.hasGap], [[], ahead, false]);
});

Deno.test("latest() returns the values that pass a filter, and the cursor from which a stream continues", async () => {
  await using test = createHubUnderTest();
  await test.hub.publish(prices, [price("A", 1), price("B", 2)]);
  const { events, cursor } = await test.hub.latest({ topic: prices, tags: ["B"] });
  assertEquals(events.map(({ json }) => JSON.parse(json)), [{ symbol: "B", price: 2 }]);
  assertEquals(cursor, await test.log.head());
});

Deno.test("since() moves no cursor into the log that replaces a lost one meanwhile", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  hub.keepOpen(alerts, 60_000);
  const cursor = await faulty.trueHead();
  for (let n = 1; n <= COUNT; n++) await hub.publish(alerts, [numbered("alert", n, TEXT)]);
  await clock.advance(0);
  let release = faulty.holdAnswers();
  const query = hub.since({ topic: alerts, tags: null }, cursor, COUNT);
  // One request at a time: the cursor is validated, the first page is read, the second page is requested.
  for (let request = 1; request <= 3; request++) {
    await clock.advance(0);
    release();
    release = faulty.holdAnswers();
  }
  await clock.advance(0);
  faulty.lose();
  await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  await clock.advance(0);
  release();
  assertEquals((await query).cursor, null);
});
