/** Delivery by a broadcast group: in order, in shared chunks, without loss. */
import { assert, assertEquals, assertLess, assertRejects, assertStrictEquals } from "@std/assert";
import type { EventLog } from "../../lib/store/event_log.ts";
import {
  alerts,
  createClient,
  createHubUnderTest,
  numbered,
  onAlerts,
  onPrices,
  price,
  prices,
  readerOf,
} from "./support.ts";

Deno.test("clients in step receive the same chunk object", async () => {
  await using test = createHubUnderTest();
  const readers = await Promise.all([1, 2].map(async () => {
    const reader = readerOf(await test.hub.subscribe({ filters: onAlerts }));
    await reader.read();
    return reader;
  }));
  const chunks = readers.map((reader) => reader.read());
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  const [a, b] = await Promise.all(chunks);
  assertStrictEquals(a?.value, b?.value);
  for (const reader of readers) await reader.cancel();
});

/** Delays the answers of a log until `open()`. */
function gated(log: EventLog): { log: EventLog; open: () => void } {
  const gate = Promise.withResolvers<void>();
  const after = async <T>(answer: Promise<T>) => {
    await gate.promise;
    return await answer;
  };
  return {
    log: {
      ...log,
      latest: (...args) => after(log.latest(...args)),
      honours: (cursor) => after(log.honours(cursor)),
    },
    open: gate.resolve,
  };
}

Deno.test("subscribe() loses no event that is published while it reads the log", async () => {
  let open = () => {};
  await using test = createHubUnderTest({}, (log) => {
    const gate = gated(log);
    open = gate.open;
    return gate.log;
  });
  const cursor = await test.log.head();
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  const subscribing = test.hub.subscribe({ filters: onAlerts, cursor });
  await test.clock.advance(0);
  await test.hub.publish(alerts, [numbered("alert", 2)]);
  await test.clock.advance(0);
  open();
  await using client = createClient(await subscribing).live();
  await test.hub.publish(alerts, [numbered("alert", 3)]);
  await test.clock.advance(20);
  assertEquals(client.dataOf("alert"), [{ n: 1 }, { n: 2 }, { n: 3 }]);
});

Deno.test("a publication between two reads of a client reaches it in the same turn", async () => {
  await using test = createHubUnderTest({ coalesceMs: 0 });
  const reader = readerOf(await test.hub.subscribe({ filters: onAlerts }));
  await reader.read();
  await test.hub.publish(alerts, [numbered("alert", 1)]); // no read is outstanding now
  await test.hub.received(await test.hub.publish(alerts, [numbered("alert", 2)]));
  const first = await reader.read();
  const second = reader.read();
  const text = new TextDecoder().decode(first.value);
  assert(text.includes(`"n":1`));
  assert(new TextDecoder().decode((await second).value).includes(`"n":2`));
  await reader.cancel();
});

Deno.test("the first event after silence is flushed immediately, and the following ones as one chunk", async () => {
  await using test = createHubUnderTest({ coalesceMs: 20 });
  await using client = createClient(await test.hub.subscribe({ filters: onAlerts })).live();
  await test.clock.advance(1000);
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(0);
  assertEquals([client.chunks, client.dataOf("alert").length], [2, 1]);

  await test.hub.publish(alerts, [numbered("alert", 2)]);
  await test.hub.publish(alerts, [numbered("alert", 3)]);
  await test.clock.advance(19);
  assertEquals(client.chunks, 2);
  await test.clock.advance(1);
  assertEquals([client.chunks, client.dataOf("alert").length], [3, 3]);
});

Deno.test("max_rate conflates state values and delays log events, in the order of their ids", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(
    await test.hub.subscribe({ filters: [...onAlerts, ...onPrices], maxRate: 1 }),
  ).live();
  await test.clock.advance(1000);
  await test.hub.publish(prices, [price("A", 1)]);
  await test.clock.advance(0);
  for (let n = 1; n <= 3; n++) {
    await test.hub.publish(prices, [price("A", 1 + n)]);
    await test.hub.publish(alerts, [numbered("alert", n)]);
  }
  await test.clock.advance(999);
  assertEquals(client.dataOf("price", "alert"), [{ symbol: "A", price: 1 }]);
  await test.clock.advance(1);
  assertEquals(client.dataOf("price", "alert").slice(1), [
    { n: 1 },
    { n: 2 },
    { symbol: "A", price: 4 },
    { n: 3 },
  ]);
});

Deno.test("max_rate flushes pending log events early above 64 KiB or a quarter of the window", async () => {
  for (const [retainEvents, text, count] of [[1000, "x".repeat(30_000), 3], [8, "", 3]] as const) {
    await using test = createHubUnderTest({ retainEvents });
    await using client = createClient(
      await test.hub.subscribe({ filters: onAlerts, maxRate: 0.1 }),
    ).live();
    await test.clock.advance(1000);
    await test.hub.publish(alerts, [numbered("alert", 0)]);
    for (let n = 1; n <= count; n++) await test.hub.publish(alerts, [numbered("alert", n, text)]);
    await test.clock.advance(10);
    assertEquals(client.dataOf("alert").length, 1 + count);
  }
});

Deno.test("a client that joins a broadcast group with pending events receives none of them twice", async () => {
  await using test = createHubUnderTest();
  const subscription = { filters: [...onAlerts, ...onPrices], maxRate: 0.1 };
  await using early = createClient(await test.hub.subscribe(subscription)).live();
  await test.hub.publish(prices, [price("A", 1)]);
  await test.clock.advance(0);
  const [cursor] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.hub.publish(prices, [price("A", 2)]);
  await using fresh = createClient(await test.hub.subscribe(subscription)).live();
  await using back = createClient(await test.hub.subscribe({ ...subscription, cursor })).live();
  await test.hub.publish(alerts, [numbered("alert", 2)]);
  await test.clock.advance(10_000);

  assertEquals(early.dataOf("alert", "price"), [
    { symbol: "A", price: 1 },
    { n: 1 },
    { symbol: "A", price: 2 },
    { n: 2 },
  ]);
  assertEquals(fresh.dataOf("snapshot", "alert", "price"), [[{ symbol: "A", price: 2 }], { n: 2 }]);
  assertEquals(back.dataOf("alert", "price"), [{ symbol: "A", price: 2 }, { n: 2 }]);
  for (const client of [early, fresh, back]) {
    const ids = client.frames.map(({ id }) => id).filter((id) => id !== null);
    assertEquals(ids, [...ids].sort());
  }
});

Deno.test("a blocked client of a state topic receives only the newest values once it is writable", async () => {
  await using test = createHubUnderTest({ coalesceMs: 0 });
  const { hub, clock } = test;
  await using client = createClient(await hub.subscribe({ filters: onPrices }));
  for (let n = 1; n <= 500; n++) {
    await hub.received(await hub.publish(prices, [price("A", n), price("B", -n)]));
  }
  await clock.advance(10_000);
  client.live();
  await clock.advance(20);
  const got = client.dataOf("price");
  assertLess(got.length, 10);
  assertEquals(got.slice(-2), [{ symbol: "A", price: 500 }, { symbol: "B", price: -500 }]);
});

Deno.test("a blocked client of a log topic catches up from the window, in several chunks", async () => {
  await using test = createHubUnderTest({ coalesceMs: 0 });
  const { hub, clock } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts }));
  const text = "x".repeat(1000);
  for (let n = 1; n <= 200; n++) {
    await hub.received(await hub.publish(alerts, [numbered("alert", n, text)]));
  }
  await clock.advance(4000);
  client.live();
  await clock.advance(0);
  assertEquals(client.dataOf("alert").length, 200);
  // 200 KB in pieces of at most 16 KiB.
  assert(client.chunks >= 13, `${client.chunks} chunks`);
});

Deno.test("subscribe() that cannot read the log releases everything, and the next one succeeds", async () => {
  let isBroken = true;
  await using test = createHubUnderTest({}, (log) => ({
    ...log,
    latest: (...args) => isBroken ? Promise.reject(new Error("broken")) : log.latest(...args),
  }));
  await assertRejects(() => test.hub.subscribe({ filters: onAlerts }), Error, "broken");
  isBroken = false;
  await using client = createClient(await test.hub.subscribe({ filters: onAlerts })).live();
  await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(20);
  assertEquals(client.dataOf("alert"), [{ n: 1 }]);
});

Deno.test("a client with several outstanding reads catches up without waiting for the clock", async () => {
  await using test = createHubUnderTest();
  const cursor = await test.log.head();
  await test.hub.latest({ topic: alerts, tags: null });
  const text = "x".repeat(1000);
  for (let n = 1; n <= 230; n++) await test.hub.publish(alerts, [numbered("alert", n, text)]);
  const reader = readerOf(await test.hub.subscribe({ filters: onAlerts, cursor }));
  const utf8 = new TextDecoder();
  let received = "";
  async function read(): Promise<void> {
    for (let isDone = false; !isDone;) {
      const { done, value } = await reader.read();
      received += utf8.decode(value ?? new Uint8Array());
      isDone = done;
    }
  }
  const reads = Array.from({ length: 8 }, read);
  await test.clock.advance(0);
  assertEquals(received.match(/^event: alert$/gm)?.length, 230);
  await reader.cancel();
  await Promise.all(reads);
});
