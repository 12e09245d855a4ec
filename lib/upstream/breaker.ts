/**
 * The circuit breaker: it pauses the calls to an upstream that keeps failing.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { BREAKER_STATES } from "../core/metrics.ts";

/** The failures in a row that open the breaker. One or two may be chance. */
const FAILURE_THRESHOLD = 3;

/** The interval in which failures count as one, in milliseconds: the calls of one poll fail together, for one cause. */
const SAME_CAUSE_MS = 500;

/** The pause after the breaker opens, in milliseconds. It doubles with each trial that fails. */
const FIRST_BREAK_MS = 10_000;

/** The longest pause, in milliseconds. */
const MAX_BREAK_MS = 5 * 60_000;

/** `open`: no calls. `half-open`: the next call, or the one in flight, is a trial. */
export type BreakerState = typeof BREAKER_STATES[number];

/** A circuit breaker around the calls of one upstream. */
export interface Breaker {
  /** Returns the state at this moment: time alone turns `open` into `half-open`. */
  state(): BreakerState;
  /** Returns the milliseconds until a call is allowed, 0 if one is. */
  waitMs(): number;
  /** Returns the number of failures in a row. */
  failures(): number;
  /**
   * Runs a task, and records its success or failure. During a trial, other tasks wait for the outcome of the trial.
   *
   * @param refuse Creates the error if no call is allowed.
   * @throws The error of `refuse`, or that of the task.
   */
  run<T>(task: () => Promise<T>, refuse: () => Error): Promise<T>;
}

/** Creates a breaker. It is closed. */
export function createBreaker(clock: Clock): Breaker {
  let failures = 0;
  let failedAt = -Infinity;
  /** The current pause, with its end by the monotonic clock. Null while the breaker is closed. */
  let pause: { readonly ms: number; readonly endsAt: number } | null = null;
  let trial: Promise<unknown> | null = null;

  function waitMs(): number {
    return pause === null ? 0 : Math.max(0, pause.endsAt - clock.elapsed());
  }

  function state(): BreakerState {
    if (pause === null) return "closed";
    return waitMs() > 0 ? "open" : "half-open";
  }

  function recordSuccess(): void {
    if (state() === "open") return; // The call began before the pause.
    failures = 0;
    failedAt = -Infinity;
    pause = null;
  }

  function recordFailure(): void {
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
      recordSuccess();
      return result;
    } catch (thrown) {
      recordFailure();
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
      const ownTrial = call(task);
      trial = ownTrial;
      try {
        return await ownTrial;
      } finally {
        trial = null;
      }
    },
  };
}
