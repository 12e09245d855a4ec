import { assertEquals } from "@std/assert";
import { createPace } from "../../lib/hub/flush_scheduler.ts";

const PACE_MS = 20;

/** A pace whose flushes take so long, on a clock that only they and the test move. What it waits for is kept, not run. */
function createTestPace(flushMs: number, maxBytes = 1_048_576) {
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
  const pace = createPace(clock, PACE_MS, { maxEvents: 1000, maxBytes: () => maxBytes }, () => {
    test.flushes++;
    test.now += flushMs;
  });
  return Object.assign(test, { pace });
}

Deno.test("createPace() flushes at once after silence, and then as long after the end of a flush as its pace says", () => {
  const test = createTestPace(1);
  test.pace.ask();
  test.now += 5;
  test.pace.ask();
  assertEquals([test.flushes, test.waits], [1, [PACE_MS - 5]]);
});

Deno.test("createPace() rests longer where all of the last eight flushes took long, but no more than a quarter of a second", () => {
  for (const [flushMs, restMs] of [[1, 20], [7, 105], [3_600_000, 250]] as const) {
    const test = createTestPace(flushMs);
    const restAfter = (): number | undefined => {
      test.now += 1000;
      test.pace.ask();
      const count = test.waits.length;
      test.pace.ask();
      return test.waits[count];
    };
    const rests = Array.from({ length: 9 }, restAfter);
    assertEquals(rests, [...Array(7).fill(PACE_MS), restMs, restMs], `flushes of ${flushMs} ms`);
  }
});

Deno.test("createPace() waits no longer where the clock is set back", () => {
  const test = createTestPace(0);
  test.pace.ask();
  test.now -= 3_600_000;
  test.pace.ask();
  assertEquals(test.waits, [PACE_MS]);
});

Deno.test("createPace() flushes before its time what fills a quarter of a window", () => {
  const test = createTestPace(0, 40_000);
  test.pace.ask();
  test.pace.count(10_000);
  test.pace.ask();
  assertEquals(test.flushes, 1);
  test.pace.count(1);
  test.pace.ask();
  assertEquals(test.flushes, 2);
});
