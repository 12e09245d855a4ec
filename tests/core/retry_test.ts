import { assertEquals, assertRejects } from "@std/assert";
import { type RetryOptions, withRetry } from "../../lib/core/retry.ts";
import { createManualClock } from "../support/manual_clock.ts";

const ALWAYS: RetryOptions = {
  isRetryable: () => true,
  firstDelayMs: 100,
  maxDelayMs: 350,
};

/** Creates a task that fails so often, then succeeds, and records the times of its attempts. */
function createTask(failures: number, durationMs = 0) {
  const clock = createManualClock();
  const startedAt = clock.elapsed();
  const attempts: number[] = [];
  async function task(): Promise<string> {
    attempts.push(clock.elapsed() - startedAt);
    if (durationMs > 0) {
      await new Promise<void>((resolve) => void clock.after(durationMs, resolve));
    }
    if (attempts.length <= failures) throw new Error(`failure ${attempts.length}`);
    return "done";
  }
  return { clock, runtime: { clock, random: () => 1 }, attempts, task };
}

Deno.test("withRetry() doubles its delay up to the maximum until the task succeeds", async () => {
  const { clock, runtime, attempts, task } = createTask(4);
  const result = withRetry(runtime, task, ALWAYS);
  await clock.advance(10_000);
  assertEquals(await result, "done");
  assertEquals(attempts, [0, 100, 300, 650, 1000]);
  assertEquals(clock.timers, 0);
});

Deno.test("withRetry() rejects with the first error that is not retryable", async () => {
  const { clock, runtime, attempts, task } = createTask(9);
  const seen: unknown[] = [];
  const isRetryable = (thrown: unknown, failures: number) => {
    seen.push([thrown instanceof Error && thrown.message, failures]);
    return failures < 3;
  };
  const result = assertRejects(
    () => withRetry(runtime, task, { ...ALWAYS, isRetryable }),
    Error,
    "failure 3",
  );
  await clock.advance(10_000);
  await result;
  assertEquals([attempts.length, seen], [3, [["failure 1", 1], ["failure 2", 2], [
    "failure 3",
    3,
  ]]]);
});

Deno.test("withRetry() starts its delays anew after a steady attempt, whatever the wall clock does", async () => {
  const { clock, runtime, attempts, task } = createTask(3, 1000);
  const result = withRetry(runtime, task, { ...ALWAYS, steadyMs: 1000 });
  await clock.advance(1500);
  clock.shiftWallClock(-600_000);
  await clock.advance(10_000);
  assertEquals(await result, "done");
  assertEquals(attempts, [0, 1100, 2200, 3300]);
});

Deno.test("withRetry() cuts its delay short when the signal aborts", async () => {
  const { clock, runtime, attempts, task } = createTask(1);
  const controller = new AbortController();
  const result = withRetry(runtime, task, { ...ALWAYS, signal: controller.signal });
  await clock.advance(50);
  assertEquals(attempts, [0]);
  controller.abort();
  assertEquals([await result, attempts, clock.timers], ["done", [0, 50], 0]);
});
