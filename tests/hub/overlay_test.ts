/** The unlogged overlay: values without ids, until the log has newer ones. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { StreamEvent } from "../../lib/core/event.ts";
import type { Topic } from "../../lib/core/topic.ts";
import { createFaultyHub } from "./faulty_log.ts";
import { alerts, createClient, numbered, onAlerts, onPrices, price, prices } from "./support.ts";

/** Returns the price: in these tests, a higher price is a newer one. */
const valueOf = ({ json }: StreamEvent): number => JSON.parse(json).price;
const rising = {
  ...prices,
  name: "rising",
  outdates: (logged: StreamEvent, unlogged: StreamEvent) => valueOf(logged) >= valueOf(unlogged),
};
const onRising = [{ topic: rising, tags: null }];
const onlyB = [{ topic: rising, tags: ["B"] }];

Deno.test("overlay() sends values immediately and without ids to the writable clients whose filter they pass", async () => {
  await using test = createFaultyHub({}, "down");
  const { clock, hub } = test;
  await using all = createClient(await hub.subscribe({ filters: onRising })).live();
  await using some = createClient(await hub.subscribe({ filters: onlyB })).live();
  await using none = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  hub.overlay(rising, [price("A", 1), price("B", 2)]);
  await clock.advance(0);
  assertEquals(all.dataOf("price"), [{ symbol: "A", price: 1 }, { symbol: "B", price: 2 }]);
  assertEquals(some.dataOf("price"), [{ symbol: "B", price: 2 }]);
  assertEquals(none.chunks, 1);
  assert(all.frames.every(({ id }) => id === null));
});

Deno.test("overlay() adds values to snapshots, to the initial frames after a cursor, and to latest()", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using first = createClient(await hub.subscribe({ filters: onRising })).live();
  const [cursor = ""] = await hub.publish(rising, [price("A", 1), price("B", 1)]);
  await clock.advance(20);
  faulty.goDown();
  await using before = createClient(await hub.subscribe({ filters: onRising })).live();
  hub.overlay(rising, [price("A", 2)]);
  await using fresh = createClient(await hub.subscribe({ filters: onRising })).live();
  await using back = createClient(await hub.subscribe({ filters: onRising, cursor })).live();
  await using other = createClient(await hub.subscribe({ filters: onlyB, cursor })).live();
  await clock.advance(0);
  const values = [{ symbol: "B", price: 1 }, { symbol: "A", price: 2 }];
  assertEquals(first.dataOf("price").at(-1), { symbol: "A", price: 2 });
  assertEquals(before.dataOf("price"), [{ symbol: "A", price: 2 }]);
  assertEquals(fresh.dataOf("snapshot"), [values]);
  assertEquals(back.dataOf("snapshot", "price"), [{ symbol: "A", price: 2 }]);
  assertEquals(other.frames.length, 1);
  const { events, cursor: position } = await hub.latest({ topic: rising, tags: null });
  assertEquals([events.map(({ json }) => JSON.parse(json)), position], [values, null]);
});

Deno.test("a blocked client receives the newest values without ids once it is writable", async () => {
  await using test = createFaultyHub({}, "down");
  const { clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising }));
  for (let n = 1; n <= 50; n++) hub.overlay(rising, [price("A", n)]);
  hub.overlay(rising, [price("B", 1)]);
  client.live();
  await clock.advance(0);
  assertEquals(client.dataOf("price"), [{ symbol: "A", price: 50 }, { symbol: "B", price: 1 }]);
  hub.overlay(rising, [price("A", 51)]);
  await clock.advance(0);
  assertEquals(client.dataOf("price").length, 3);
});

Deno.test("an overlay value hides older logged values until a newer one arrives, and ids never decrease", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising })).live();
  await hub.publish(rising, [price("A", 1)]);
  await clock.advance(20);
  faulty.goDown();
  hub.overlay(rising, [price("A", 5)]);
  await faulty.publishElsewhere(rising, [price("A", 2), price("B", 2)]);
  faulty.recover();
  await clock.advance(20);
  await using fresh = createClient(await hub.subscribe({ filters: onRising })).live();
  await clock.advance(0);
  assertEquals(fresh.dataOf("snapshot"), [[{ symbol: "B", price: 2 }, { symbol: "A", price: 5 }]]);
  await hub.publish(rising, [price("A", 6)]);
  await clock.advance(20);
  await using late = createClient(await hub.subscribe({ filters: onRising })).live();
  await clock.advance(0);
  assertEquals(client.dataOf("price"), [
    { symbol: "A", price: 1 },
    { symbol: "A", price: 5 },
    { symbol: "B", price: 2 },
    { symbol: "A", price: 6 },
  ]);
  assertEquals(late.dataOf("snapshot"), [[{ symbol: "B", price: 2 }, { symbol: "A", price: 6 }]]);
  const ids = client.frames.flatMap(({ id }) => id === null ? [] : [id]);
  assertEquals(ids, [...ids].sort());
  assertEquals(client.cursor, await faulty.trueHead());
});

Deno.test("an overlay value hides older logged values of a replay after a jump", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising })).live();
  await hub.publish(rising, [price("A", 1)]);
  await clock.advance(20);
  faulty.goDown();
  hub.overlay(rising, [price("A", 5), price("B", 5)]);
  await faulty.publishElsewhere(rising, [price("A", 2), price("B", 6)]);
  await clock.advance(0);
  await faulty.jump();
  await clock.advance(2000);
  assertEquals(client.dataOf("price").slice(1), [
    { symbol: "A", price: 5 },
    { symbol: "B", price: 5 },
    { symbol: "B", price: 6 },
  ]);
});

Deno.test("overlay() ignores values that are older than the logged ones", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising })).live();
  await hub.publish(rising, [price("A", 5)]);
  await clock.advance(20);
  hub.overlay(rising, [price("A", 4), price("B", 1)]);
  await clock.advance(0);
  assertEquals(client.dataOf("price"), [{ symbol: "A", price: 5 }, { symbol: "B", price: 1 }]);
});

Deno.test("any later logged value replaces an overlay value of a topic without outdates()", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  await using _first = createClient(await hub.subscribe({ filters: onPrices })).live();
  await hub.publish(prices, [price("A", 9)]);
  hub.overlay(prices, [price("A", 5)]);
  await hub.publish(prices, [price("A", 1)]);
  await clock.advance(20);
  await using client = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  assertEquals(client.dataOf("snapshot"), [[{ symbol: "A", price: 1 }]]);
});

Deno.test("an overlay value is sent before pending events, and does not move the client's position", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  const filters = [...onAlerts, ...onRising];
  await using client = createClient(await hub.subscribe({ filters, maxRate: 0.1 })).live();
  const [first = ""] = await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(0);
  await hub.publish(alerts, [numbered("alert", 2)]);
  await hub.publish(rising, [price("A", 1)]);
  await clock.advance(0);
  hub.overlay(rising, [price("A", 2)]);
  await clock.advance(0);
  assertEquals(client.cursor, first);
  await clock.advance(10_000);
  assertEquals(client.dataOf("alert", "price"), [{ n: 1 }, { symbol: "A", price: 2 }, { n: 2 }]);
});

Deno.test("values without ids are never sent between the pieces of a frame, whatever is published meanwhile", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  const text = "x".repeat(6000);
  const large: Topic = {
    ...rising,
    name: "large",
    events: { price: z.object({ symbol: z.string(), text: z.string() }) },
    outdates: () => false,
  };
  const filters = [...onAlerts, { topic: large, tags: null }];
  await using client = createClient(await hub.subscribe({ filters }));
  hub.overlay(
    large,
    [..."ABCDEF"].map((symbol) => ({ type: "price", key: symbol, data: { symbol, text } })),
  );
  await hub.publish(alerts, [numbered("alert", 1)]);
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  client.live(); // its parser throws on a frame inside another
  await clock.advance(1000);
  assertEquals(client.dataOf("price"), [..."ABCDEF"].map((symbol) => ({ symbol, text })));
  assertEquals(client.dataOf("alert"), [{ n: 1 }, { n: 2 }]);
  const fields = new Set(client.frames.map(({ event }) => event));
  assertEquals(fields, new Set(["sync", "snapshot", "price", "alert"]));
});

Deno.test("values without ids take nothing from a resumed client while this isolate knows only part of the topic", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using slow = createClient(await hub.subscribe({ filters: onRising }));
  const [cursor = ""] = await hub.publish(rising, [price("A", 1)]);
  await clock.advance(20);
  hub.overlay(rising, [price("B", 2)]);
  await faulty.jump();
  faulty.goDown();
  await using back = createClient(await hub.subscribe({ filters: onRising, cursor })).live();
  slow.live();
  await clock.advance(20);
  for (const client of [slow, back]) {
    assertEquals(client.dataOf("price").at(-1), { symbol: "B", price: 2 });
    assert(client.dataOf("snapshot").every((values) => JSON.stringify(values) === "[]"));
  }
});
