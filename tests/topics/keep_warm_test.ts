import { assertEquals, assertRejects } from "@std/assert";
import { withTimeout } from "../../lib/topics/keep_warm.ts";
import { createManualClock } from "../support/manual_clock.ts";

Deno.test("withTimeout() waits for fresh values, at most 800 ms, and leaves no timer behind", async () => {
  const clock = createManualClock();
  await withTimeout(clock, Promise.resolve());
  assertEquals(clock.timers, 0);

  let hasSettled = false;
  void withTimeout(clock, new Promise<void>(() => {})).then(() => (hasSettled = true));
  await clock.advance(799);
  assertEquals(hasSettled, false);
  clock.shiftWallClock(-600_000);
  await clock.advance(1);
  assertEquals([hasSettled, clock.timers], [true, 0]);
});

Deno.test("withTimeout() rejects as its promise does, and leaves no timer behind", async () => {
  const clock = createManualClock();
  await assertRejects(() => withTimeout(clock, Promise.reject(new Error("broken"))), Error);
  assertEquals(clock.timers, 0);
});
