/** Streams whose log is lost and replaced by another log, with a later epoch. */
import { assert, assertEquals } from "@std/assert";
import { parseId } from "../../lib/core/position.ts";
import type { Topic } from "../../lib/core/topic.ts";
import { createFaultyHub, type FaultyHub } from "./faulty_log.ts";
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

/** A hub that has published a price and an alert. */
interface UsedHub extends FaultyHub {
  /** The id of the alert. */
  readonly cursor: string;
}

/** Creates a hub whose windows of both topics are filled. */
async function createUsedHub(): Promise<UsedHub> {
  const test = createFaultyHub({ heartbeatMs: 1000 });
  await test.hub.latest({ topic: prices, tags: null });
  await test.hub.publish(prices, [price("A", 1)]);
  const [cursor = ""] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  await test.clock.advance(10);
  return { ...test, cursor };
}

/** Returns the types and ids of the frames after the first `count`. */
function framesAfter(client: Client, count: number): unknown[][] {
  return client.frames.slice(count).map(({ event, id }) => [event, id]);
}

Deno.test("after the loss of the log, a client receives a gap with the new epoch, a snapshot and the new log's events, each once", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub, cursor } = test;
  await using logClient = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await using stateClient = createClient(await hub.subscribe({ filters: onPrices })).live();
  await using bothClient = createClient(await hub.subscribe({ filters: onBoth, cursor })).live();
  await clock.advance(0);
  assertEquals([logClient, stateClient, bothClient].map(({ frames }) => frames.length), [1, 2, 1]);

  faulty.lag();
  faulty.lose();
  const epoch = await faulty.trueHead();
  const [id] = await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  const [second] = await faulty.publishElsewhere(prices, [price("A", 7)]);
  faulty.recover();
  await clock.advance(10);
  const expected = [["gap", epoch], ["heartbeat", epoch], ["alert", id]];
  assertEquals(framesAfter(logClient, 1), expected);
  assertEquals(logClient.dataOf("gap"), [{ topic: "alerts", after: null, before: id }]);
  assertEquals(framesAfter(stateClient, 2), [["snapshot", null], ["heartbeat", second]]);
  assertEquals(stateClient.dataOf("snapshot").at(-1), [{ symbol: "A", price: 7 }]);
  // The price comes after the snapshot once more: its position lies before it, because of the alert.
  assertEquals(framesAfter(bothClient, 1).slice(0, 4), [
    ["gap", epoch],
    ["snapshot", null],
    ["heartbeat", epoch],
    ["alert", id],
  ]);

  await hub.publish(alerts, [numbered("alert", 2)]);
  await hub.publish(prices, [price("A", 8)]);
  await clock.advance(20);
  assertEquals(logClient.dataOf("alert"), [{ n: 1 }, { n: 2 }]);
  assertEquals(stateClient.dataOf("price"), [{ symbol: "A", price: 8 }]);
  assertEquals(bothClient.dataOf("alert"), [{ n: 1 }, { n: 2 }]);
  assertEquals(bothClient.dataOf("price").at(-1), { symbol: "A", price: 8 });
});

for (const eventsOfNewLog of [[], [numbered("alert", 7)]]) {
  Deno.test(`a client receives no event of a new log before the gap, even if that log has ${eventsOfNewLog.length} events and answers meanwhile`, async () => {
    await using test = createFaultyHub({ heartbeatMs: 1000 });
    const { faulty, clock, hub } = test;
    await using client = createClient(await hub.subscribe({ filters: onAlerts }));
    await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
    await faulty.jump();
    await hub.received(await faulty.publishElsewhere(alerts, [numbered("alert", 2)]));
    faulty.lag();
    faulty.lose();
    await faulty.publishElsewhere(alerts, eventsOfNewLog);
    client.live();
    await clock.advance(2000);
    assertEquals(client.dataOf("alert"), []);
    faulty.recover();
    await hub.received(await faulty.publishElsewhere(alerts, [numbered("alert", 8)]));
    await clock.advance(100);
    const types = client.frames.map(({ event }) => event).filter((event) => event !== "heartbeat");
    assertEquals(types, ["sync", "gap", ...eventsOfNewLog.map(() => "alert"), "alert"]);
  });
}

Deno.test("a blocked client receives the gap of a lost log once it is writable, and ends slow if it stays blocked", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub } = test;
  await using recovering = createClient(await hub.subscribe({ filters: onAlerts }));
  const stuck = createClient(await hub.subscribe({ filters: onAlerts }));
  faulty.lose();
  const epoch = await faulty.trueHead();
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(30_000);
  recovering.live();
  await clock.advance(2000);
  const withIds = recovering.frames.filter(({ id }) => id !== null);
  assertEquals(withIds.slice(1, 3).map(({ event, id }) => [event, id]), [
    ["gap", epoch],
    ["heartbeat", epoch],
  ]);
  assertEquals(recovering.dataOf("alert"), [{ n: 1 }]);
  await clock.advance(31_000);
  stuck.live();
  await clock.advance(0);
  assertEquals(stuck.dataOf("bye").map((bye) => Object(bye).reason), ["slow"]);
});

Deno.test("a cursor that the lost log has validated is validated anew", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub, cursor } = test;
  await using _other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const releaseAnswers = faulty.holdAnswers();
  const opening = hub.subscribe({ filters: onAlerts, cursor });
  await clock.advance(0);
  const { honours } = faulty.calls;
  faulty.lose();
  await faulty.publishElsewhere(alerts, [numbered("alert", 9)]);
  await clock.advance(0);
  releaseAnswers();
  await using client = createClient(await opening, cursor).live();
  await clock.advance(2000);
  assertEquals(honours, 1);
  assertEquals([client.dataOf("gap").length, client.dataOf("alert")], [1, [{ n: 9 }]]);
  assertEquals(client.cursor, await faulty.trueHead());
});

Deno.test("a client that opens at the moment of the loss receives either the snapshot or the event", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub } = test;
  const opening = hub.subscribe({ filters: onBoth });
  faulty.lose();
  await using client = createClient(await opening).live();
  await clock.advance(0);
  await hub.publish(prices, [price("A", 5)]);
  await hub.publish(alerts, [numbered("alert", 1)]);
  await clock.advance(2000);
  assertEquals(client.dataOf("alert"), [{ n: 1 }]);
  assertEquals(client.dataOf("snapshot", "price").at(-1), { symbol: "A", price: 5 });
  assertEquals(client.cursor, await faulty.trueHead());
});

Deno.test("a loss during the recovery from another one replaces it", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(0);
  const { after } = faulty.log;
  const { promise: released, resolve: releasePage } = Promise.withResolvers<void>();
  let isRequested = false;
  faulty.log.after = async (...args) => {
    const page = await after(...args);
    isRequested = true;
    await released;
    return page;
  };
  faulty.lose();
  await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  await clock.advance(0);
  assert(isRequested); // the gap of the first loss is about to be sent
  faulty.lose();
  const epoch = await faulty.trueHead();
  const [id] = await faulty.publishElsewhere(alerts, [numbered("alert", 2)]);
  await clock.advance(0);
  for (const topic of [alerts, prices]) await hub.latest({ topic, tags: null }); // refills the windows
  releasePage();
  await clock.advance(2000);
  assertEquals(framesAfter(client, 2).filter(([event]) => event !== "heartbeat"), [
    ["gap", epoch],
    ["snapshot", null],
    ["alert", id],
  ]);
  assertEquals(client.dataOf("alert"), [{ n: 2 }]);
});

Deno.test("a page that was requested from the lost log is not sent to a client of the new one", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  faulty.lag();
  await faulty.publishElsewhere(prices, [price("A", 1)]);
  await clock.advance(0);
  const releaseAnswers = faulty.holdAnswers();
  await faulty.jump();
  await clock.advance(10); // the client waits for a page
  assertEquals(faulty.calls.after, 1);
  faulty.stopHolding();
  faulty.lose();
  const [id = ""] = await faulty.publishElsewhere(prices, [price("A", 2)]);
  await clock.advance(1000);
  releaseAnswers();
  await clock.advance(2000);
  assertEquals(client.dataOf("snapshot", "price").slice(1), [[{ symbol: "A", price: 2 }]]);
  assertEquals(client.cursor, id);
});

Deno.test("a client receives the gap of a lost log on recovery if the store was unavailable meanwhile", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  faulty.goDown();
  faulty.lose();
  const epoch = await faulty.trueHead();
  await clock.advance(10_000);
  assertEquals(client.dataOf("gap"), []);
  faulty.recover();
  await clock.advance(2000);
  const gap = client.frames.find(({ event }) => event === "gap");
  assertEquals([gap?.id, JSON.parse(gap?.data ?? "").before], [epoch, null]);
  assert(parseId(client.cursor).ms >= parseId(epoch).ms);
  // A client that is cut right there has a cursor of the new log.
  await using back = createClient(await hub.subscribe({ filters: onAlerts, cursor: epoch })).live();
  await clock.advance(0);
  assert(back.frames[0]?.data.includes(`"resumed":true,"gap":false`));
});

Deno.test("a client that has received the new log from another isolate receives no gap and no event twice", async () => {
  await using test = await createUsedHub();
  const { faulty, clock, hub } = test;
  await using _other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(1000);
  faulty.lag();
  faulty.lose();
  await faulty.publishElsewhere(alerts, [numbered("alert", 2)]);
  const [cursor = ""] = await faulty.publishElsewhere(alerts, [numbered("alert", 3)]);
  await using client = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(0);
  await faulty.publishElsewhere(alerts, [numbered("alert", 4)]);
  faulty.recover();
  await clock.advance(3000);
  assertEquals([client.dataOf("gap"), client.dataOf("alert")], [[], [{ n: 4 }]]);
});

Deno.test("a client that lost its position while a page was read for it receives the new log's events, and not that page", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  faulty.lag();
  await faulty.publishElsewhere(prices, [price("A", 1)]);
  const releaseAnswers = faulty.holdAnswers();
  await faulty.jump();
  await clock.advance(0);
  faulty.stopHolding();
  faulty.lose();
  await clock.advance(20);
  await faulty.publishElsewhere(prices, [price("A", 2)]);
  await clock.advance(20);
  releaseAnswers();
  await clock.advance(20);
  assertEquals(client.dataOf("price"), [{ symbol: "A", price: 2 }]);
});

Deno.test("a client whose snapshot fails after the loss of the log receives the gap with the next attempt", async () => {
  let isFaulty = false;
  const fragile: Topic = {
    ...prices,
    name: "fragile",
    open(values, tags) {
      if (isFaulty) throw new Error("out of order");
      return prices.open?.(values, tags) ?? [];
    },
  };
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  const filters = [...onAlerts, { topic: fragile, tags: null }];
  await using client = createClient(await hub.subscribe({ filters })).live();
  await clock.advance(0);
  isFaulty = true;
  faulty.lose();
  await clock.advance(3000);
  assertEquals(client.dataOf("gap"), []);
  isFaulty = false;
  await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  await clock.advance(1000);
  assertEquals([client.dataOf("gap").length, client.dataOf("alert")], [1, [{ n: 1 }]]);
});
