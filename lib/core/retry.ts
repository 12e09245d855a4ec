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
  /** Duration of an attempt after which its failure counts as the first one, in milliseconds. Unlimited by default. */
  readonly steadyMs?: number;
  /** Ends a delay early. It does not stop the retries: `isRetryable` does. */
  readonly signal?: AbortSignal;
}

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts. */
function delay({ clock }: Pick<Runtime, "clock">, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  const endEarly = () => resolve();
  signal?.addEventListener("abort", endEarly, { once: true });
  return promise.finally(() => {
    cancel();
    signal?.removeEventListener("abort", endEarly);
  });
}

/**
 * Runs a task until it succeeds. Each delay is random below its maximum, so that isolates do not retry in step.
 *
 * @throws The last error of the task, if it is not retryable.
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
    const maxMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (failures - 1));
    await delay(runtime, runtime.random() * maxMs, signal);
  }
}
