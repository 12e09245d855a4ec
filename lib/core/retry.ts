/**
 * Retries with random, growing delays.
 *
 * @module
 */
import type { Runtime } from "./runtime.ts";

/** The policy of a retry. */
export interface RetryOptions {
  /** Decides whether to try again. `failures` counts the failures in a row, the last one included. */
  readonly isRetryable: (thrown: unknown, failures: number) => boolean;
  /** Maximum delay after the first failure, in milliseconds. It doubles with each further failure. */
  readonly firstDelayMs: number;
  /** Maximum of all delays, in milliseconds. */
  readonly maxDelayMs: number;
  /** An attempt that lasts this long starts a new row of failures, in milliseconds. Never, if absent. */
  readonly steadyMs?: number;
  /** Cuts a delay short. */
  readonly signal?: AbortSignal;
}

/** Waits `ms` milliseconds, or until `signal` aborts. */
function delay({ clock }: Pick<Runtime, "clock">, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  const cutShort = () => resolve();
  signal?.addEventListener("abort", cutShort, { once: true });
  return promise.finally(() => {
    cancel();
    signal?.removeEventListener("abort", cutShort);
  });
}

/**
 * Runs a task until it succeeds. Each delay is random below its maximum, so that isolates do not retry in step.
 *
 * @throws What the task threw last, if that is not retryable.
 */
export async function withRetry<T>(
  runtime: Pick<Runtime, "clock" | "random">,
  task: () => Promise<T>,
  { isRetryable, firstDelayMs, maxDelayMs, steadyMs = Infinity, signal }: RetryOptions,
): Promise<T> {
  for (let failures = 1;; failures++) {
    const startedAt = runtime.clock.elapsed();
    try {
      return await task();
    } catch (thrown) {
      if (runtime.clock.elapsed() - startedAt >= steadyMs) failures = 1;
      if (!isRetryable(thrown, failures)) throw thrown;
    }
    const longestMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (failures - 1));
    await delay(runtime, runtime.random() * longestMs, signal);
  }
}
