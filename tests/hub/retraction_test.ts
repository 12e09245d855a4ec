/** Retraction: a retracted event is no longer delivered from windows, caches or pending flushes. */
import { assertEquals } from "@std/assert";
import type { Position } from "../../lib/core/position.ts";
import { createFaultyHub, type FaultyHub } from "./faulty_log.ts";
import { alerts, createClient, numbered, onAlerts } from "./support.ts";

/** Retracts alerts with the publication of another one. */
async function retract({ hub }: FaultyHub, n: number, retracts: readonly Position[]) {
  return await hub.publish(alerts, [numbered("alert", n)], { retracts });
}

async function publish({ hub, clock }: FaultyHub, from: number, to: number, text?: string) {
  const ids: Position[] = [];
  for (let n = from; n <= to; n++) {
    ids.push(...await hub.publish(alerts, [numbered("alert", n, text)]));
  }
  await clock.advance(20);
  return ids;
}

const numbersOf = (data: unknown[]): unknown => data.map((alert) => Object(alert).n);

Deno.test("a retracted event leaves the window without a gap", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  await using live = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await clock.advance(0);
  const start = live.cursor;
  const [one = "", two = ""] = await publish(test, 1, 3);
  await retract(test, 4, [one, two]);
  await clock.advance(20);
  for (const [cursor, rest] of [[start, [3, 4]], [one, [3, 4]], [two, [3, 4]]] as const) {
    await using back = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
    await clock.advance(0);
    assertEquals(numbersOf(back.dataOf("alert")), rest);
    assertEquals(back.dataOf("gap"), []);
  }
});

Deno.test("an event that is retracted while it is pending is not flushed", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  await using paced = createClient(await hub.subscribe({ filters: onAlerts, maxRate: 1 })).live();
  await using blocked = createClient(await hub.subscribe({ filters: onAlerts }));
  await publish(test, 1, 1);
  const [two = ""] = await publish(test, 2, 2);
  await retract(test, 3, [two]);
  await clock.advance(1000);
  blocked.live();
  await clock.advance(0);
  assertEquals(numbersOf(paced.dataOf("alert")), [1, 3]);
  assertEquals(numbersOf(blocked.dataOf("alert")), [1, 3]);
});

Deno.test("a retracted event is removed from the cached reads of other clients at the same position", async () => {
  await using test = createFaultyHub();
  const { clock, hub } = test;
  const cursor = await test.faulty.trueHead();
  await using _live = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const [, two = ""] = await publish(test, 1, 2);
  await using first = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(0);
  assertEquals(numbersOf(first.dataOf("alert")), [1, 2]);
  await hub.received(await retract(test, 3, [two])); // its flush is not due yet
  await using second = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(20);
  assertEquals(numbersOf(second.dataOf("alert")), [1, 3]);
});

Deno.test("a retracted event is removed from the cached pages of the log", async () => {
  await using test = createFaultyHub({ retainEvents: 3000 });
  const { clock, hub, faulty } = test;
  const cursor = await faulty.trueHead();
  await using _live = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const publishing = publish(test, 1, 700, "x".repeat(2000));
  await clock.advance(1000);
  const [one = "", two = ""] = await publishing;
  await using first = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(0);
  assertEquals(first.dataOf("alert").length, 700);
  await retract(test, 701, [one, two]);
  await clock.advance(20);
  await using second = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(0);
  assertEquals(numbersOf(second.dataOf("alert")), [...Array(699).keys()].map((i) => i + 3));
  assertEquals(second.dataOf("gap"), []);
});

Deno.test("an event leaves the window even if the publication that retracts it was itself retracted", async () => {
  await using test = createFaultyHub();
  const { clock, hub, faulty } = test;
  const cursor = await faulty.trueHead();
  await using _live = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const [one = ""] = await publish(test, 1, 2);
  faulty.deliver({ kind: "published", events: [], retracted: [one] });
  await clock.advance(20);
  await using back = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(0);
  assertEquals(numbersOf(back.dataOf("alert")), [2]);
});

Deno.test("a flush whose events were all retracted sends no frame and delays no heartbeat", async () => {
  await using test = createFaultyHub({ heartbeatMs: 10_000 });
  const { clock, hub, faulty } = test;
  await using client = createClient(await hub.subscribe({ filters: onAlerts, maxRate: 0.1 }))
    .live();
  await publish(test, 1, 1);
  await clock.advance(1000);
  const [two = ""] = await publish(test, 2, 2);
  faulty.deliver({ kind: "published", events: [], retracted: [two] });
  await clock.advance(8900); // the flush is due soon
  const { chunks } = client;
  await clock.advance(1100);
  assertEquals([client.chunks - chunks, client.dataOf("heartbeat").length], [1, 1]);
  assertEquals(numbersOf(client.dataOf("alert")), [1]);
});

Deno.test("an event that is retracted while a window fills stays retracted", async () => {
  await using test = createFaultyHub();
  const { clock, hub, faulty } = test;
  const cursor = await faulty.trueHead();
  const ids = await faulty.publishElsewhere(alerts, [1, 2, 3].map((n) => numbered("alert", n)));
  const releaseAnswers = faulty.holdAnswers();
  const opening = hub.subscribe({ filters: onAlerts, cursor });
  await clock.advance(0);
  await faulty.publishElsewhere(alerts, [numbered("alert", 4)], { retracts: ids.slice(0, 1) });
  await clock.advance(0);
  releaseAnswers();
  await using first = createClient(await opening).live();
  await using later = createClient(await hub.subscribe({ filters: onAlerts, cursor })).live();
  await clock.advance(20);
  for (const client of [first, later]) {
    assertEquals(numbersOf(client.dataOf("alert")), [2, 3, 4]);
    assertEquals(client.dataOf("gap"), []);
  }
});

Deno.test("an event that is retracted while a page of the log is read is not replayed", async () => {
  await using test = createFaultyHub({ retainEvents: 3000 });
  const { clock, hub, faulty } = test;
  const cursor = await faulty.trueHead();
  await using _live = createClient(await hub.subscribe({ filters: onAlerts })).live();
  const publishing = publish(test, 1, 700, "x".repeat(2000));
  await clock.advance(1000);
  const [one = ""] = await publishing;
  const opening = hub.subscribe({ filters: onAlerts, cursor });
  await clock.advance(0);
  const client = createClient(await opening);
  await publish(test, 701, 701); // so that the cached page is dropped
  const releaseAnswers = faulty.holdAnswers();
  client.live();
  await clock.advance(0);
  await faulty.publishElsewhere(alerts, [numbered("alert", 702)], { retracts: [one] });
  await clock.advance(20);
  releaseAnswers();
  await clock.advance(1000);
  assertEquals(numbersOf(client.dataOf("alert")), [...Array(701).keys()].map((i) => i + 2));
  await client.hangUp();
});
