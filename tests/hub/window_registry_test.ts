/** The lifetime of windows and of the subscription to the log: from the first subscriber to a minute after the last. */
import { assertEquals } from "@std/assert";
import { createFaultyHub } from "./faulty_log.ts";
import {
  alerts,
  createClient,
  createHubUnderTest,
  numbered,
  onAlerts,
  onPrices,
  prices,
} from "./support.ts";

Deno.test("Hub unsubscribes from the log a minute after the last subscriber, and the next one begins anew", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  assertEquals(faulty.subscribers, 0);
  const client = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  const cursor = client.cursor;
  await client.hangUp();
  await clock.advance(59_000);
  assertEquals(faulty.subscribers, 1);
  await clock.advance(1000);
  assertEquals([faulty.subscribers, clock.timers], [0, 0]);

  await faulty.publishElsewhere(alerts, [numbered("alert", 1)]);
  await using next = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  assertEquals(faulty.subscribers, 1);
  assertEquals(next.dataOf("alert", "gap"), [{ n: 1 }, { n: 2 }]);
});

Deno.test("keepOpen() subscribes to the log as a stream does", async () => {
  await using test = createFaultyHub();
  const { faulty, clock, hub } = test;
  hub.keepOpen(prices, 5000);
  await clock.advance(64_000);
  assertEquals(faulty.subscribers, 1);
  await clock.advance(1000);
  assertEquals([faulty.subscribers, clock.timers], [0, 0]);
});

Deno.test("close() leaves no timer and no subscription to the log, even while a stream opens", async () => {
  const test = createFaultyHub({}, "lagging");
  const { faulty, clock, hub } = test;
  const opening = hub.subscribe({ filters: onAlerts });
  hub.keepOpen(prices, 5000);
  await clock.advance(500);
  await hub.close();
  await using client = createClient(await opening).live();
  await clock.advance(0);
  assertEquals(client.frames.map(({ event }) => event), ["sync", "bye"]);
  assertEquals([faulty.subscribers, clock.timers], [0, 0]);
});

Deno.test("whileSubscribed() runs a task from a topic's first subscriber to its last", async () => {
  await using test = createHubUnderTest();
  const runs: string[] = [];
  test.hub.whileSubscribed(prices, () => {
    runs.push("start");
    return () => runs.push("stop");
  });
  await using a = createClient(await test.hub.subscribe({ filters: onPrices }));
  await using b = createClient(await test.hub.subscribe({ filters: onPrices }));
  await a.hangUp();
  assertEquals(runs, ["start"]);
  await b.hangUp();
  assertEquals(runs, ["start", "stop"]);
});

Deno.test("keepOpen() keeps a topic subscribed for a time, which a second call extends", async () => {
  await using test = createHubUnderTest();
  const runs: string[] = [];
  test.hub.whileSubscribed(prices, () => {
    runs.push("start");
    return () => runs.push("stop");
  });
  test.hub.keepOpen(prices, 1000);
  await test.clock.advance(600);
  test.hub.keepOpen(prices, 1000);
  await test.clock.advance(600);
  assertEquals(runs, ["start"]);
  await test.clock.advance(500);
  assertEquals(runs, ["start", "stop"]);
});

Deno.test("whileSubscribed(): a task that fails to start is logged, and the others run and stop", async () => {
  await using test = createHubUnderTest();
  const runs: string[] = [];
  test.hub.whileSubscribed(prices, () => {
    throw new Error("out of order");
  });
  for (const topic of [prices, alerts]) {
    test.hub.whileSubscribed(topic, () => {
      runs.push(`start ${topic.name}`);
      return () => runs.push(`stop ${topic.name}`);
    });
  }
  const client = createClient(await test.hub.subscribe({ filters: [...onAlerts, ...onPrices] }));
  assertEquals(runs, ["start alerts", "start prices"]);
  await client.hangUp();
  assertEquals(runs.slice(2).toSorted(), ["stop alerts", "stop prices"]);
  assertEquals(test.lines.filter((line) => line.includes("out of order")).length, 1);
});
