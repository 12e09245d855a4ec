/** Streams whose log is lost under them: another begins, and its birth says so. */
import { assert, assertEquals } from "@std/assert";
import { parseId } from "../../lib/core/position.ts";
import { createShakyHub, type ShakyHub } from "./faulty_log.ts";
import {
  alerts,
  type Client,
  createClient,
  numbered,
  onAlerts,
  onBoth,
  onPrices,
  price,
  prices,
} from "./support.ts";

/** A hub that lived for a while, and the cursor of that time. */
async function createLivedHub(): Promise<{ test: ShakyHub; cursor: string }> {
  const test = createShakyHub({ heartbeatMs: 1000 });
  await test.hub.latest({ topic: prices, tags: null });
  await test.hub.publish(prices, [price("A", 1)]);
  const [cursor = ""] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(10);
  return { test, cursor };
}

/** What a client was told after its first `count` frames, heartbeats of the place it is at left out. */
function since(client: Client, count: number): unknown[][] {
  return client.frames.slice(count).map(({ event, id }) => [event, id]);
}

Deno.test("when the log is lost, a gap with the new birth, a snapshot and the new log's events follow, each once", async () => {
  const { test, cursor } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  await using log = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using state = createClient(await hub.subscribe({ filters: onPrices })).live();
  await using both = createClient(await hub.subscribe({ filters: onBoth, cursor })).live();
  await clock.advance(0);
  assertEquals([log, state, both].map(({ frames }) => frames.length), [1, 2, 1]);

  shaky.lag();
  shaky.lose();
  const epoch = await shaky.trueHead();
  const [id] = await shaky.elsewhere(alerts, [numbered("alert", 1)]);
  const [second] = await shaky.elsewhere(prices, [price("A", 7)]);
  shaky.comeBack();
  await clock.advance(10);
  const begun = [["gap", epoch], ["heartbeat", epoch], ["alert", id]];
  assertEquals(since(log, 1), begun);
  assertEquals(log.said("gap"), [{ topic: "alerts", after: null, before: id }]);
  assertEquals(since(state, 2), [["snapshot", null], ["heartbeat", second]]);
  assertEquals(state.said("snapshot").at(-1), [{ symbol: "A", price: 7 }]);
  // The price comes after the snapshot once more: its place lies before it, for the alert's sake.
  assertEquals(since(both, 1).slice(0, 4), [
    ["gap", epoch],
    ["snapshot", null],
    ["heartbeat", epoch],
    ["alert", id],
  ]);

  await hub.publish(alerts, [numbered("alert", 2)]);
  await hub.publish(prices, [price("A", 8)]);
  await clock.advance(20);
  assertEquals(log.said("alert"), [{ n: 1 }, { n: 2 }]);
  assertEquals(state.said("price"), [{ symbol: "A", price: 8 }]);
  assertEquals(both.said("alert"), [{ n: 1 }, { n: 2 }]);
  assertEquals(both.said("price").at(-1), { symbol: "A", price: 8 });
});

for (const held of [[], [numbered("alert", 7)]]) {
  Deno.test(`what follows a loss is not sent before the loss was told, where another log with ${held.length} events answers meanwhile`, async () => {
    await using test = createShakyHub({ heartbeatMs: 1000 });
    const { shaky, clock, hub } = test;
    await using client = createClient(await hub.subscribe({ filters: onAlerts }));
    await shaky.elsewhere(alerts, [numbered("alert", 1)]);
    await shaky.jump();
    await hub.received(await shaky.elsewhere(alerts, [numbered("alert", 2)]));
    shaky.lag();
    shaky.lose();
    await shaky.elsewhere(alerts, held);
    client.live();
    await clock.advance(2000);
    assertEquals(client.said("alert"), []);
    shaky.comeBack();
    await hub.received(await shaky.elsewhere(alerts, [numbered("alert", 8)]));
    await clock.advance(100);
    const told = client.frames.map(({ event }) => event).filter((event) => event !== "heartbeat");
    assertEquals(told, ["sync", "gap", ...held.map(() => "alert"), "alert"]);
  });
}

Deno.test("a stalled client is told that the log was lost when it has room, and ended slow where it gets none", async () => {
  const { test } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  await using later = createClient(await hub.subscribe({ filters: onAlerts }));
  const never = createClient(await hub.subscribe({ filters: onAlerts }));
  shaky.lose();
  const epoch = await shaky.trueHead();
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(30_000);
  later.live();
  await clock.advance(2000);
  const placed = later.frames.filter(({ id }) => id !== null);
  assertEquals(placed.slice(1, 3).map(({ event, id }) => [event, id]), [
    ["gap", epoch],
    ["heartbeat", epoch],
  ]);
  assertEquals(later.said("alert"), [{ n: 1 }]);
  await clock.advance(31_000);
  never.live();
  await clock.advance(0);
  assertEquals(never.said("bye").map((bye) => Object(bye).reason), ["slow"]);
});

Deno.test("a client whose cursor was judged by the log before is judged anew", async () => {
  const { test, cursor } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  await using _other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const go = shaky.hold();
  const opening = hub.subscribe({ filters: onAlerts, cursor });
  await clock.advance(0);
  const { honours } = shaky.calls;
  shaky.lose();
  await shaky.elsewhere(alerts, [numbered("alert", 9)]);
  await clock.advance(0);
  go();
  await using client = createClient(await opening, cursor).live();
  await clock.advance(2000);
  assertEquals(honours, 1);
  assertEquals([client.said("gap").length, client.said("alert")], [1, [{ n: 9 }]]);
  assertEquals(client.cursor, await shaky.trueHead());
});

Deno.test("a client that opens in the very moment of the loss has either the snapshot or the event", async () => {
  const { test } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  const opening = hub.subscribe({ filters: onBoth });
  shaky.lose();
  await using client = createClient(await opening).live();
  await clock.advance(0);
  await hub.publish(prices, [price("A", 5)]);
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(2000);
  assertEquals(client.said("alert"), [{ n: 1 }]);
  assertEquals(client.said("snapshot", "price").at(-1), { symbol: "A", price: 5 });
  assertEquals(client.cursor, await shaky.trueHead());
});

Deno.test("a loss while another is being settled counts alone", async () => {
  const { test } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(0);
  const { after } = shaky.log;
  const { promise: held, resolve: go } = Promise.withResolvers<void>();
  let isAsked = false;
  shaky.log.after = async (...args) => {
    const page = await after(...args);
    isAsked = true;
    await held;
    return page;
  };
  shaky.lose();
  await shaky.elsewhere(alerts, [numbered("alert", 1)]);
  await clock.advance(0);
  assert(isAsked); // the first loss is about to be told
  shaky.lose();
  const epoch = await shaky.trueHead();
  const [id] = await shaky.elsewhere(alerts, [numbered("alert", 2)]);
  await clock.advance(0);
  for (const topic of [alerts, prices]) await hub.latest({ topic, tags: null }); // reads the windows anew
  go();
  await clock.advance(2000);
  assertEquals(since(client, 2).filter(([event]) => event !== "heartbeat"), [
    ["gap", epoch],
    ["snapshot", null],
    ["alert", id],
  ]);
  assertEquals(client.said("alert"), [{ n: 2 }]);
});

Deno.test("a page that was asked of the log before is not given to who stands in the new one", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  shaky.lag();
  await shaky.elsewhere(prices, [price("A", 1)]);
  await clock.advance(0);
  const go = shaky.hold();
  await shaky.jump();
  await clock.advance(10); // the client waits for a page
  assertEquals(shaky.calls.after, 1);
  shaky.hold()(); // what is asked from now on is answered at once
  shaky.lose();
  const [id = ""] = await shaky.elsewhere(prices, [price("A", 2)]);
  await clock.advance(1000);
  go();
  await clock.advance(2000);
  assertEquals(client.said("snapshot", "price").slice(1), [[{ symbol: "A", price: 2 }]]);
  assertEquals(client.cursor, id);
});

Deno.test("a hub that was away when its log was lost says so when it comes back", async () => {
  const { test } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  shaky.leave();
  shaky.lose();
  const epoch = await shaky.trueHead();
  await clock.advance(10_000);
  assertEquals(client.said("gap"), []);
  shaky.comeBack();
  await clock.advance(2000);
  const gap = client.frames.find(({ event }) => event === "gap");
  assertEquals([gap?.id, JSON.parse(gap?.data ?? "").before], [epoch, null]);
  assert(parseId(client.cursor).ms >= parseId(epoch).ms);
  // Cut right there, it comes back with a cursor of the new log.
  await using back = createClient(await hub.subscribe({ filters: onAlerts, cursor: epoch })).live();
  await clock.advance(0);
  assert(back.frames[0]?.data.includes(`"resumed":true,"gap":false`));
});

Deno.test("a client that has already received the new log elsewhere gets no gap and no event twice when this isolate hears of it", async () => {
  const { test } = await createLivedHub();
  await using _ = test;
  const { shaky, clock, hub } = test;
  await using _other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(1000);
  shaky.lag();
  shaky.lose();
  await shaky.elsewhere(alerts, [numbered("alert", 2)]);
  const [cursor = ""] = await shaky.elsewhere(alerts, [numbered("alert", 3)]);
  await using client = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(0);
  await shaky.elsewhere(alerts, [numbered("alert", 4)]);
  shaky.comeBack();
  await clock.advance(3000);
  assertEquals([client.said("gap"), client.said("alert")], [[], [{ n: 4 }]]);
});
