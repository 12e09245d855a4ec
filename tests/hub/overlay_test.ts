/** Values that are shown without the log: they have no ids, and give way to newer ones. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { StreamEvent } from "../../lib/core/event.ts";
import type { Topic } from "../../lib/core/topic.ts";
import { createShakyHub } from "./faulty_log.ts";
import { alerts, createClient, numbered, onAlerts, onPrices, price, prices } from "./support.ts";

/** Of prices, the higher is the newer. */
const valueOf = ({ json }: StreamEvent): number => JSON.parse(json).price;
const rising = {
  ...prices,
  name: "rising",
  outdates: (logged: StreamEvent, shown: StreamEvent) => valueOf(logged) >= valueOf(shown),
};
const onRising = [{ topic: rising, tags: null }];
const onlyB = [{ topic: rising, tags: ["B"] }];

Deno.test("overlay() reaches who follows, passes the filter and has room, at once and without an id", async () => {
  await using test = createShakyHub({}, "away");
  const { clock, hub } = test;
  await using all = createClient(await hub.subscribe({ filters: onRising })).live();
  await using some = createClient(await hub.subscribe({ filters: onlyB })).live();
  await using none = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  hub.overlay(rising, [price("A", 1), price("B", 2)]);
  await clock.advance(0);
  assertEquals(all.said("price"), [{ symbol: "A", price: 1 }, { symbol: "B", price: 2 }]);
  assertEquals(some.said("price"), [{ symbol: "B", price: 2 }]);
  assertEquals(none.chunks, 1);
  assert(all.frames.every(({ id }) => id === null));
});

Deno.test("overlay() is in the snapshot of who comes, in the opening of who comes back, and in newest()", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using first = createClient(await hub.subscribe({ filters: onRising })).live();
  const [cursor = ""] = await hub.publish(rising, [price("A", 1), price("B", 1)]);
  await clock.advance(20);
  shaky.leave();
  await using before = createClient(await hub.subscribe({ filters: onRising })).live();
  hub.overlay(rising, [price("A", 2)]);
  await using fresh = createClient(await hub.subscribe({ filters: onRising })).live();
  await using back = createClient(await hub.subscribe({ filters: onRising, cursor })).live();
  await using other = createClient(await hub.subscribe({ filters: onlyB, cursor })).live();
  await clock.advance(0);
  const shown = [{ symbol: "B", price: 1 }, { symbol: "A", price: 2 }];
  assertEquals(first.said("price").at(-1), { symbol: "A", price: 2 });
  assertEquals(before.said("price"), [{ symbol: "A", price: 2 }]);
  assertEquals(fresh.said("snapshot"), [shown]);
  assertEquals(back.said("snapshot", "price"), [shown]);
  assertEquals(other.frames.length, 1);
  const { events, cursor: position } = await hub.latest({ topic: rising, tags: null });
  assertEquals([events.map(({ json }) => JSON.parse(json)), position], [shown, null]);
});

Deno.test("a blocked client receives a snapshot of the values without ids once it is writable", async () => {
  await using test = createShakyHub({}, "away");
  const { clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising }));
  for (let n = 1; n <= 50; n++) hub.overlay(rising, [price("A", n)]);
  hub.overlay(rising, [price("B", 1)]);
  client.live();
  await clock.advance(0);
  assertEquals(client.said("snapshot", "price"), [[], [
    { symbol: "A", price: 50 },
    { symbol: "B", price: 1 },
  ]]);
  hub.overlay(rising, [price("A", 51)]);
  await clock.advance(0);
  assertEquals(client.said("price"), [{ symbol: "A", price: 51 }]);
});

Deno.test("an older value of the log stays hidden behind one that was shown, a newer one takes its place, and ids never fall", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising })).live();
  await hub.publish(rising, [price("A", 1)]);
  await clock.advance(20);
  shaky.leave();
  hub.overlay(rising, [price("A", 5)]);
  await shaky.elsewhere(rising, [price("A", 2), price("B", 2)]);
  shaky.comeBack();
  await clock.advance(20);
  await using fresh = createClient(await hub.subscribe({ filters: onRising })).live();
  await clock.advance(0);
  assertEquals(fresh.said("snapshot"), [[{ symbol: "B", price: 2 }, { symbol: "A", price: 5 }]]);
  await hub.publish(rising, [price("A", 6)]);
  await clock.advance(20);
  await using late = createClient(await hub.subscribe({ filters: onRising })).live();
  await clock.advance(0);
  assertEquals(client.said("price"), [
    { symbol: "A", price: 1 },
    { symbol: "A", price: 5 },
    { symbol: "B", price: 2 },
    { symbol: "A", price: 6 },
  ]);
  assertEquals(late.said("snapshot"), [[{ symbol: "B", price: 2 }, { symbol: "A", price: 6 }]]);
  const ids = client.frames.flatMap(({ id }) => id === null ? [] : [id]);
  assertEquals(ids, [...ids].sort());
  assertEquals(client.cursor, await shaky.trueHead());
});

Deno.test("an older value stays hidden also where it is read from the log, after a jump", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising })).live();
  await hub.publish(rising, [price("A", 1)]);
  await clock.advance(20);
  shaky.leave();
  hub.overlay(rising, [price("A", 5), price("B", 5)]);
  await shaky.elsewhere(rising, [price("A", 2), price("B", 6)]);
  await clock.advance(0);
  await shaky.jump();
  await clock.advance(2000);
  assertEquals(client.said("price").slice(1), [
    { symbol: "A", price: 5 },
    { symbol: "B", price: 5 },
    { symbol: "B", price: 6 },
  ]);
});

Deno.test("overlay() does not go back behind what the log has", async () => {
  await using test = createShakyHub();
  const { clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onRising })).live();
  await hub.publish(rising, [price("A", 5)]);
  await clock.advance(20);
  hub.overlay(rising, [price("A", 4), price("B", 1)]);
  await clock.advance(0);
  assertEquals(client.said("price"), [{ symbol: "A", price: 5 }, { symbol: "B", price: 1 }]);
});

Deno.test("where a topic does not say what is newer, any later value of the log takes the place of one shown", async () => {
  await using test = createShakyHub();
  const { clock, hub } = test;
  await using _first = createClient(await hub.subscribe({ filters: onPrices })).live();
  await hub.publish(prices, [price("A", 9)]);
  hub.overlay(prices, [price("A", 5)]);
  await hub.publish(prices, [price("A", 1)]);
  await clock.advance(20);
  await using client = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  assertEquals(client.said("snapshot"), [[{ symbol: "A", price: 1 }]]);
});

Deno.test("what is shown to a client with events pending comes before them, and its place stays", async () => {
  await using test = createShakyHub();
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
  assertEquals(client.said("alert", "price"), [{ n: 1 }, { symbol: "A", price: 2 }, { n: 2 }]);
});

Deno.test("values without ids never come between the pieces of a frame, whatever is published meanwhile", async () => {
  await using test = createShakyHub();
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
  client.live(); // its parser throws on a frame inside of another
  await clock.advance(1000);
  assertEquals(client.said("snapshot").at(-1), [..."ABCDEF"].map((symbol) => ({ symbol, text })));
  assertEquals(client.said("alert"), [{ n: 1 }, { n: 2 }]);
  const fields = new Set(client.frames.map(({ event }) => event));
  assertEquals(fields, new Set(["sync", "snapshot", "alert"]));
});
