/**
 * The circuit breaker: an upstream that keeps failing is left alone for a while.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { BREAKER_STATES } from "../core/metrics.ts";

/** Opens the breaker after this many failures in a row: one may be chance, two bad luck. */
const FAILURE_THRESHOLD = 3;

/** Counts failures within this interval as one: the calls of one poll fail together, for one cause. */
const SAME_CAUSE_MS = 500;

/** The pause after the breaker opens. It doubles with each trial that fails. */
const FIRST_BREAK_MS = 10_000;
const MAX_BREAK_MS = 5 * 60_000;

/** `open`: no calls. `half-open`: the next call, or the one in flight, is a trial. */
export type BreakerState = typeof BREAKER_STATES[number];

/** A circuit breaker around the calls of one upstream. */
export interface Breaker {
  state(): BreakerState;
  /** Returns the milliseconds until a call is allowed, 0 if one is. */
  waitMs(): number;
  /** Returns the number of failures in a row. */
  failures(): number;
  /**
   * Runs a call. During a trial, other calls wait for its outcome.
   *
   * @throws The error of `refuse`, if no call is allowed; else the task's own error.
   */
  run<T>(task: () => Promise<T>, refuse: () => Error): Promise<T>;
}

/** Creates a breaker. It is closed. */
export function createBreaker(clock: Clock): Breaker {
  let failures = 0;
  let failedAt = -Infinity;
  /** The pause that was opened last, by the monotonic clock. Null: closed. */
  let pause: { readonly ms: number; readonly endsAt: number } | null = null;
  let trial: Promise<unknown> | null = null;

  function waitMs(): number {
    return pause === null ? 0 : Math.max(0, pause.endsAt - clock.elapsed());
  }

  function state(): BreakerState {
    if (pause === null) return "closed";
    return waitMs() > 0 ? "open" : "half-open";
  }

  function succeeded(): void {
    if (state() === "open") return; // a call from before the pause
    failures = 0;
    failedAt = -Infinity;
    pause = null;
  }

  function failed(): void {
    const now = clock.elapsed();
    if (now - failedAt >= SAME_CAUSE_MS) {
      failures++;
      failedAt = now;
    }
    if (failures < FAILURE_THRESHOLD || waitMs() > 0) return;
    const ms = pause === null ? FIRST_BREAK_MS : Math.min(pause.ms * 2, MAX_BREAK_MS);
    pause = { ms, endsAt: now + ms };
  }

  async function call<T>(task: () => Promise<T>): Promise<T> {
    try {
      const result = await task();
      succeeded();
      return result;
    } catch (thrown) {
      failed();
      throw thrown;
    }
  }

  return {
    state,
    waitMs,
    failures: () => failures,
    async run(task, refuse) {
      while (trial !== null) await trial.catch(() => {});
      if (state() === "open") throw refuse();
      if (state() === "closed") return await call(task);
      const own = call(task);
      trial = own;
      try {
        return await own;
      } finally {
        trial = null;
      }
    },
  };
}
