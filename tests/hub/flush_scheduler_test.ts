import { assertEquals } from "@std/assert";
import type { EncodedEvent } from "../../lib/wire/sse.ts";
import { FlushScheduler } from "../../lib/hub/flush_scheduler.ts";

const INTERVAL_MS = 20;

function eventOf(size: number): EncodedEvent {
  const event = { id: "1-1", topic: "a", prevId: null, type: "b", key: "", tags: [], json: "1" };
  return { ...event, bytes: new Uint8Array(size) };
}

/** A scheduler whose flushes take so long, on a clock that only they and the test move. Its timers are recorded, not run. */
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

Deno.test("FlushScheduler flushes at once after silence, and then after its interval", () => {
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
