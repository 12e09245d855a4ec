/** The flushes of a broadcast group, and the backpressure on publishers that are faster than them. */
import { assertEquals } from "@std/assert";
import { FlushScheduler } from "../../lib/hub/flush_scheduler.ts";
import { type EncodedEvent, encodeEvent } from "../../lib/wire/sse.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { alerts, createClient, createHubUnderTest, numbered, onBoth } from "./support.ts";

const INTERVAL_MS = 20;

function eventOf(size: number): EncodedEvent {
  const event = { id: "1-1", topic: "a", prevId: null, type: "b", key: "", tags: [], json: "1" };
  return { ...event, bytes: new Uint8Array(size) };
}

/** Creates a scheduler whose flushes take `flushMs`, on a clock that only they and the test move. It records its timers. */
function createTestScheduler(flushMs: number, maxBytes = 1_048_576) {
  const test = { now: 1_000_000, flushes: 0, waits: [] as number[] };
  const clock = {
    now: () => test.now,
    elapsed: () => test.now,
    after(ms: number) {
      test.waits.push(ms);
      return () => {};
    },
    every: () => () => {},
  };
  const scheduler = new FlushScheduler(clock, INTERVAL_MS, { maxEvents: 1000, maxBytes }, () => {
    test.flushes++;
    test.now += flushMs;
  });
  return Object.assign(test, { scheduler });
}

Deno.test("FlushScheduler flushes immediately after silence, and then after its interval", () => {
  const test = createTestScheduler(1);
  test.scheduler.request();
  test.now += 5;
  test.scheduler.request();
  assertEquals([test.flushes, test.waits], [1, [INTERVAL_MS - 5]]);
});

Deno.test("FlushScheduler pauses longer if all of the last eight flushes were slow, up to a quarter of a second", () => {
  for (const [flushMs, restMs] of [[1, 20], [7, 105], [3_600_000, 250]] as const) {
    const test = createTestScheduler(flushMs);
    const restAfter = (): number | undefined => {
      test.now += 1000;
      test.scheduler.request();
      const count = test.waits.length;
      test.scheduler.request();
      return test.waits[count];
    };
    const rests = Array.from({ length: 9 }, restAfter);
    assertEquals(
      rests,
      [...Array(7).fill(INTERVAL_MS), restMs, restMs],
      `flushes of ${flushMs} ms`,
    );
  }
});

Deno.test("FlushScheduler flushes early once more than a quarter of a window is pending", () => {
  const test = createTestScheduler(0, 40_000);
  test.scheduler.request();
  test.scheduler.count(eventOf(10_000));
  test.scheduler.request();
  assertEquals(test.flushes, 1);
  test.scheduler.count(eventOf(1));
  test.scheduler.request();
  assertEquals(test.flushes, 2);
});

/** Returns whether a promise is pending once everything that does not need the clock has run. */
async function isWaiting(work: void | Promise<unknown>): Promise<boolean> {
  let isOver = work === undefined;
  void work?.then(() => isOver = true);
  for (let turn = 0; turn < 100; turn++) await null;
  return !isOver;
}

const EVENT = encodeEvent({
  id: "1-1",
  topic: "alerts",
  type: "alert",
  key: "",
  tags: [],
  json: "1",
  prevId: null,
});
const SIZE = EVENT.bytes.byteLength;

// Either bound takes two pending events.
for (const [maxEvents, maxBytes] of [[4, 1e6], [1e6, 4 * SIZE]] as const) {
  Deno.test(`FlushScheduler holds publishers back while more than half of ${maxEvents} events or ${maxBytes} bytes is pending, for at most a second`, async () => {
    const clock = createManualClock();
    const scheduler = new FlushScheduler(clock, 20, { maxEvents, maxBytes }, () => {});
    for (let n = 0; n < 2; n++) scheduler.count(EVENT);
    assertEquals(scheduler.waitForRoom(), undefined);

    for (let n = 0; n < 2; n++) scheduler.count(EVENT);
    const [first, second] = [scheduler.waitForRoom(), scheduler.waitForRoom()];
    scheduler.continue([EVENT]);
    assertEquals([await isWaiting(first), await isWaiting(second)], [true, true]);
    scheduler.continue([EVENT]);
    assertEquals([await isWaiting(first), await isWaiting(second)], [false, false]);

    scheduler.count(EVENT);
    const third = scheduler.waitForRoom();
    await clock.advance(999);
    assertEquals(await isWaiting(third), true);
    await clock.advance(1);
    assertEquals(await isWaiting(third), false);
    const fourth = scheduler.waitForRoom();
    scheduler.settle();
    assertEquals(await isWaiting(fourth), false);
  });
}

// The first flush takes 16 KiB, and more than half a window remains pending: of 8 events, or of 1 MiB.
for (const [retainEvents, count, size] of [[8, 8, 5000], [1000, 110, 5000]] as const) {
  Deno.test(`publish() of ${count} events waits while more than half a window of ${retainEvents} is pending`, async () => {
    await using test = createHubUnderTest({ retainEvents });
    const { hub, clock } = test;
    await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
    await clock.advance(20);
    const large = [...Array(count).keys()].map((n) => numbered("alert", n, "x".repeat(size)));
    const publishing = hub.publish(alerts, large);
    assertEquals(await isWaiting(publishing), true);
    await clock.advance(0);
    assertEquals(await isWaiting(publishing), false);
    await clock.advance(100);
    assertEquals(client.dataOf("alert").length, count);
  });
}
