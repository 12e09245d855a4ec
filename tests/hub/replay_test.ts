/** An isolate that lags behind the log, and one that finds itself elsewhere in it. */
import { assert, assertEquals } from "@std/assert";
import { createShakyHub, type ShakyHub } from "./faulty_log.ts";
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

function alertsOf(from: number, to: number, text?: string) {
  return [...Array(to - from + 1).keys()].map((i) => numbered("alert", from + i, text));
}

/** Publishes where this isolate does not hear of it, and then it finds itself after that. */
async function jumpOver({ shaky, clock }: ShakyHub, publish: () => Promise<unknown>) {
  shaky.lag();
  await publish();
  await clock.advance(0);
  await shaky.jump();
  await clock.advance(20);
}

Deno.test("a cursor ahead of a lagging isolate is honoured, nothing up to it is sent, and then what follows", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using early = createClient(await hub.subscribe({ filters: onBoth })).live();
  await clock.advance(0);
  shaky.lag();
  await shaky.elsewhere(prices, [price("A", 1)]);
  const [cursor = ""] = await shaky.elsewhere(alerts, alertsOf(1, 2));
  const ahead = await shaky.trueHead();
  await shaky.elsewhere(alerts, alertsOf(3, 3));
  await shaky.elsewhere(prices, [price("A", 2)]);
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
  shaky.comeBack();
  await clock.advance(2000);
  assertEquals(client.said("alert", "price", "gap", "snapshot"), [
    { n: 3 },
    { symbol: "A", price: 2 },
  ]);
  assertEquals(early.said("alert").length, 3);
  assert(cursor < ahead);
});

Deno.test("a snapshot for a cursor ahead of a lagging isolate is not from before the cursor", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using _early = createClient(await hub.subscribe({ filters: onPrices })).live();
  await clock.advance(0);
  shaky.lag();
  const [cursor] = await shaky.elsewhere(prices, [price("A", 1)]);
  const opening = hub.subscribe({ filters: onPrices, cursor, withSnapshot: true });
  await clock.advance(500);
  shaky.comeBack();
  await using client = createClient(await opening).live();
  await clock.advance(0);
  assertEquals(client.said("snapshot"), [[{ symbol: "A", price: 1 }]]);
});

Deno.test("after a jump, what was published in between comes from the log, in order, once, and of state the newest", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  await using quiet = createClient(
    await hub.subscribe({ filters: [{ topic: notes, tags: null }] }),
  ).live();
  await hub.publish(alerts, alertsOf(1, 1));
  await clock.advance(20);
  await jumpOver(test, async () => {
    await shaky.elsewhere(prices, [price("A", 1)]);
    await shaky.elsewhere(alerts, alertsOf(2, 3));
    await shaky.elsewhere(prices, [price("A", 2), price("B", 1)]);
  });
  await hub.publish(alerts, alertsOf(4, 4));
  await clock.advance(20);
  assertEquals(client.said("alert", "price", "gap", "snapshot"), [
    [],
    { n: 1 },
    { n: 2 },
    { n: 3 },
    { symbol: "A", price: 2 },
    { symbol: "B", price: 1 },
    { n: 4 },
  ]);
  assertEquals(quiet.chunks, 1);
  assertEquals(client.cursor, await shaky.trueHead());
});

Deno.test("after a jump over more than the log keeps, a gap says so in mid-stream, what is kept comes, and the stream goes on", async () => {
  await using test = createShakyHub({ retainEvents: 3 });
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
  const [after] = await hub.publish(alerts, alertsOf(1, 1));
  await clock.advance(20);
  let ids: readonly string[] = [];
  await jumpOver(test, async () => {
    ids = await shaky.elsewhere(alerts, alertsOf(2, 6));
    await shaky.elsewhere(prices, [price("A", 1)]);
  });
  await hub.publish(alerts, alertsOf(7, 7));
  await clock.advance(20);
  assertEquals(client.said("gap"), [{ topic: "alerts", after, before: ids[2] }]);
  assertEquals(client.frames.map(({ event }) => event), [
    ...["sync", "snapshot", "alert", "gap", "alert", "alert", "alert", "price", "alert"],
  ]);
  assertEquals(client.frames[3]?.id, null);
  assertEquals(client.said("alert"), [1, 4, 5, 6, 7].map((n) => ({ n })));
});

Deno.test("a client that stalls over a jump loses nothing that is kept", async () => {
  await using test = createShakyHub();
  const { shaky, clock, hub } = test;
  const text = "x".repeat(9000);
  await using client = createClient(await hub.subscribe({ filters: onAlerts }));
  await hub.publish(alerts, alertsOf(1, 5, text));
  await clock.advance(20);
  await jumpOver(test, () => shaky.elsewhere(alerts, alertsOf(6, 100, text)));
  await hub.publish(alerts, alertsOf(101, 110, text));
  await clock.advance(5000);
  client.live();
  await clock.advance(1000);
  const numbers = client.said("alert").map((each) => Object(each).n);
  assertEquals(numbers, [...Array(110).keys()].map((i) => i + 1));
  assertEquals(client.said("gap", "bye"), []);
});

Deno.test("a client that is slow after a jump is ended slow, with a cursor that tells what it lost", async () => {
  await using test = createShakyHub({ retainEvents: 4 });
  const { shaky, clock, hub } = test;
  const client = createClient(await hub.subscribe({ filters: onAlerts }));
  await hub.publish(alerts, alertsOf(1, 1));
  await clock.advance(20);
  await jumpOver(test, () => shaky.elsewhere(alerts, alertsOf(2, 3)));
  for (let n = 4; n <= 20; n++) {
    await hub.publish(alerts, alertsOf(n, n));
    await clock.advance(20);
  }
  client.live();
  await clock.advance(2000);
  assertEquals(client.said("gap"), []);
  assertEquals(client.said("bye").map((bye) => Object(bye).reason), ["slow"]);
  await using back = createClient(
    await hub.subscribe({ filters: onAlerts, cursor: client.cursor }),
  ).live();
  await clock.advance(0);
  assertEquals(back.said("gap").length, 1);
  assertEquals(back.said("alert"), [17, 18, 19, 20].map((n) => ({ n })));
});

Deno.test("a jump to where the isolate stands says nothing, and puts no heartbeat off", async () => {
  await using test = createShakyHub({ heartbeatMs: 10_000 });
  const { shaky, clock, hub } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(8000);
  await shaky.jump();
  await clock.advance(0);
  assertEquals(client.chunks, 1);
  await clock.advance(2500);
  assertEquals(client.said("heartbeat").length, 1);
});
