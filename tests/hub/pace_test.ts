import { assertEquals } from "@std/assert";
import { createPace } from "../../lib/hub/pace.ts";

const PACE_MS = 20;

/** A pace whose flushes take so long, on a clock that only they and the test move. What it waits for is kept, not run. */
function createTestPace(flushMs: number) {
  const test = { now: 1_000_000, flushes: 0, waits: [] as number[] };
  const clock = {
    now: () => test.now,
    after(ms: number) {
      test.waits.push(ms);
      return () => {};
    },
    every: () => () => {},
  };
  const pace = createPace(clock, PACE_MS, 250, () => {
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

Deno.test("createPace() rests longer where flushes take long, but not for one alone, and no more than a quarter of a second", () => {
  for (const [flushMs, restMs] of [[1, 20], [7, 105], [3_600_000, 250]] as const) {
    const test = createTestPace(flushMs);
    test.pace.ask();
    test.pace.ask();
    test.now += PACE_MS;
    test.pace.ask();
    test.pace.ask();
    assertEquals(test.waits, [PACE_MS, restMs], `flushes of ${flushMs} ms`);
  }
});

Deno.test("createPace() waits no longer where the clock is set back", () => {
  const test = createTestPace(0);
  test.pace.ask();
  test.now -= 3_600_000;
  test.pace.ask();
  assertEquals(test.waits, [PACE_MS]);
});
