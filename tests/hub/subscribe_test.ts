/** The initial frames of a stream, with each kind of cursor. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Topic } from "../../lib/core/topic.ts";
import {
  alerts,
  createClient,
  createHubUnderTest,
  notes,
  numbered,
  price,
  prices,
} from "./support.ts";

const all = (...topics: Topic[]) => topics.map((topic) => ({ topic, tags: null }));

Deno.test("subscribe() sends sync, then the snapshot, and an id on the last frame only", async () => {
  await using test = createHubUnderTest();
  const [id] = await test.hub.publish(prices, [price("A", 1)]);
  await using client = createClient(await test.hub.subscribe({ filters: all(alerts, prices) }))
    .live();
  await test.clock.advance(0);

  assertEquals(client.frames.map(({ event }) => event), ["sync", "snapshot"]);
  assertEquals(client.dataOf("sync"), [{
    resumed: false,
    gap: false,
    topics: ["alerts", "prices"],
    heartbeat_ms: 15_000,
    server_time: test.clock.now(),
  }]);
  assertEquals(client.frames[0]?.retry, 3000);
  assertEquals(client.dataOf("snapshot"), [[{ symbol: "A", price: 1 }]]);
  assertEquals(client.frames.map((frame) => frame.id), [null, id]);
  assertEquals(client.chunks, 1);
});

Deno.test("subscribe() puts the id on sync if it is the only initial frame", async () => {
  await using test = createHubUnderTest();
  const [id] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await using client = createClient(await test.hub.subscribe({ filters: all(alerts) })).live();
  await test.clock.advance(0);
  assertEquals(client.frames.map(({ event, id }) => [event, id]), [["sync", id ?? null]]);
});

Deno.test("subscribe() continues from an honoured cursor without a snapshot", async () => {
  await using test = createHubUnderTest();
  const [id] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.hub.publish(prices, [price("A", 1), price("B", 1)]);
  await test.hub.publish(alerts, [numbered("alert", 2)]);
  await test.hub.publish(prices, [price("A", 2)]);
  await using client = createClient(
    await test.hub.subscribe({ filters: all(alerts, prices), cursor: id }),
    id,
  ).live();
  await test.clock.advance(0);

  assertEquals(client.frames[0]?.id, id);
  assertEquals(client.dataOf("sync").length, 1);
  assertStringIncludes(client.frames[0]?.data ?? "", `"resumed":true,"gap":false`);
  // In the order of the ids over both topics, with the newest prices only.
  assertEquals(client.dataOf("price", "alert", "snapshot"), [
    { symbol: "B", price: 1 },
    { n: 2 },
    { symbol: "A", price: 2 },
  ]);
});

Deno.test("subscribe() honours the epoch of the log", async () => {
  await using test = createHubUnderTest();
  const epoch = await test.log.head();
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await using client = createClient(
    await test.hub.subscribe({ filters: all(alerts), cursor: epoch }),
  ).live();
  await test.clock.advance(0);
  assertEquals(client.dataOf("alert"), [{ n: 1 }]);
});

for (
  const [what, cursor] of [
    ["cannot be parsed", "abc"],
    ["belongs to another process", "1699999999999-7"],
    ["is ahead of the log", "1999999999999-7"],
  ] as const
) {
  Deno.test(`subscribe() sends a gap for each log topic if the cursor ${what}`, async () => {
    await using test = createHubUnderTest();
    const [id] = await test.hub.publish(alerts, [numbered("alert", 1)]);
    await test.hub.publish(prices, [price("A", 1)]);
    await using client = createClient(
      await test.hub.subscribe({ filters: all(alerts, notes, prices), cursor }),
    ).live();
    await test.clock.advance(0);

    assertEquals(client.frames.map(({ event }) => event), [
      ...["sync", "gap", "gap", "snapshot"],
      ...["alert", "price"], // the catch-up from the oldest retained event, which `gap.before` names
    ]);
    assertEquals(client.frames.slice(0, 4).map((frame) => frame.id !== null), [
      ...[false, false, false, true],
    ]);
    assertEquals(client.dataOf("gap"), [
      { topic: "alerts", after: null, before: id },
      { topic: "notes", after: null, before: null },
    ]);
    assertStringIncludes(client.frames[0]?.data ?? "", `"resumed":false,"gap":true`);
    assertEquals(client.frames[4]?.id, id);
    assertEquals(client.cursor, await test.log.head());
  });
}

Deno.test("subscribe() sends no gap for state topics", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(
    await test.hub.subscribe({ filters: all(prices), cursor: "abc" }),
  ).live();
  await test.clock.advance(0);
  assertStringIncludes(client.frames[0]?.data ?? "", `"gap":false`);
});

Deno.test("subscribe() sends a gap only if an event after the cursor was truncated", async () => {
  await using test = createHubUnderTest({ retainEvents: 2 });
  const ids: string[] = [];
  for (let n = 1; n <= 4; n++) ids.push(...await test.hub.publish(alerts, [numbered("alert", n)]));

  for (
    const [cursor, gaps, got] of [[ids[0], 1, [3, 4]], [ids[1], 0, [3, 4]], [ids[2], 0, [
      4,
    ]]] as const
  ) {
    await using client = createClient(
      await test.hub.subscribe({ filters: all(alerts), cursor }),
    ).live();
    await test.clock.advance(0);
    assertEquals(client.dataOf("gap").length, gaps);
    if (gaps > 0) {
      assertEquals(client.dataOf("gap"), [{ topic: "alerts", after: cursor, before: ids[2] }]);
    }
    assertEquals(client.dataOf("alert"), got.map((n) => ({ n })));
  }
});

Deno.test("subscribe() sends a gap if the events after the cursor exceeded the retention time", async () => {
  await using test = createHubUnderTest({ retainMs: 60_000 });
  const [cursor] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.hub.publish(alerts, [numbered("alert", 2)]);
  await test.clock.advance(60_001);
  await using client = createClient(await test.hub.subscribe({ filters: all(alerts), cursor }))
    .live();
  await test.clock.advance(0);
  assertEquals(client.dataOf("gap"), [{ topic: "alerts", after: cursor, before: null }]);
  assertEquals(client.dataOf("alert"), []);
});

for (const days of [-10, 10]) {
  Deno.test(`a wall clock that is set by ${days} days evicts no event: clients in step, paced ones and cursors lose nothing`, async () => {
    await using test = createHubUnderTest();
    const { clock, hub } = test;
    const filters = all(alerts);
    await using live = createClient(await hub.subscribe({ filters })).live();
    await using paced = createClient(await hub.subscribe({ filters, maxRate: 0.1 })).live();
    const [cursor] = await hub.publish(alerts, [numbered("alert", 1)]);
    await clock.advance(100);
    await hub.publish(alerts, [numbered("alert", 2)]);
    await clock.advance(100);
    clock.shiftWallClock(days * 86_400_000);
    await using back = createClient(await hub.subscribe({ filters, cursor })).live();
    await hub.publish(alerts, [numbered("alert", 3)]);
    await clock.advance(10_000);
    for (const client of [live, paced, back]) {
      assertEquals(client.dataOf("alert", "gap", "bye").slice(-2), [{ n: 2 }, { n: 3 }]);
    }
    assertEquals((await hub.latest({ topic: alerts, tags: null })).events.length, 3);
  });
}

Deno.test("subscribe() with snapshot=1 opens as if no cursor had been sent, and catches up from the cursor", async () => {
  await using test = createHubUnderTest();
  const [cursor] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.hub.publish(prices, [price("A", 1)]);
  await test.hub.publish(alerts, [numbered("alert", 2)]);
  await using client = createClient(
    await test.hub.subscribe({ filters: all(alerts, prices), cursor, withSnapshot: true }),
  ).live();
  await test.clock.advance(0);

  assertEquals(client.frames.map(({ event }) => event), ["sync", "snapshot", "price", "alert"]);
  assertEquals(client.frames[1]?.id, cursor);
  assert(client.frames[0]?.data.includes(`"resumed":true`));
});

Deno.test("subscribe() filters the snapshot and the events by tags", async () => {
  await using test = createHubUnderTest();
  await test.hub.publish(prices, [price("A", 1), price("B", 1)]);
  await using client = createClient(
    await test.hub.subscribe({ filters: [{ topic: prices, tags: ["B"] }] }),
  ).live();
  await test.clock.advance(0);
  await test.hub.publish(prices, [price("A", 2), price("B", 2)]);
  await test.clock.advance(0);
  assertEquals(client.dataOf("snapshot"), [[{ symbol: "B", price: 1 }]]);
  assertEquals(client.dataOf("price"), [{ symbol: "B", price: 2 }]);
});

Deno.test("subscribe() sends initial frames above 64 KiB one by one, and no heartbeat between them", async () => {
  await using test = createHubUnderTest({ heartbeatMs: 50 });
  const text = "x".repeat(60_000);
  const wide = (name: string): Topic => ({
    ...prices,
    name,
    open: () => [{ type: "snapshot", json: JSON.stringify(text) }],
  });
  const client = createClient(await test.hub.subscribe({ filters: all(wide("a"), wide("b")) }));
  await test.clock.advance(1000);
  await client.readOne();
  assertEquals(client.frames.map(({ event }) => event), ["sync"]);
  await test.clock.advance(1000);
  await client.readOne();
  await client.readOne();
  assertEquals(client.frames.map(({ event, id }) => [event, id !== null]), [
    ["sync", false],
    ["snapshot", false],
    ["snapshot", true],
  ]);
  await client.hangUp();
});
