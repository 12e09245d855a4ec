/**
 * The circuit breaker: it pauses calls that keep failing.
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

/** `open`: no calls. `half-open`: the next call is a trial. */
export type BreakerState = typeof BREAKER_STATES[number];

/** A circuit breaker. */
export interface Breaker {
  /** Returns the state at this moment: time alone turns `open` into `half-open`. */
  state(): BreakerState;
  /** Returns the milliseconds until a call is allowed, 0 if one is. */
  waitMs(): number;
  /** Returns the number of failures in a row. */
  failures(): number;
  /** Records that a call succeeded. It closes the breaker, unless the call began before the pause. */
  recordSuccess(): void;
  /**
   * Records that a call failed. It opens the breaker if enough calls in a row have failed, or if the trials have.
   *
   * @param url The URL that failed.
   */
  recordFailure(url: string): void;
}

/**
 * Creates a breaker. It is closed.
 *
 * @param minUrls Returns the number of different URLs that must fail in a row to open it from this state. One by default.
 */
export function createBreaker(
  clock: Clock,
  minUrls: (state: BreakerState) => number = () => 1,
): Breaker {
  let failures = 0;
  let failedAt = -Infinity;
  /** The URLs that have failed in a row: since the last success, or since the last pause began. */
  const failedUrls = new Set<string>();
  /** The current pause, with its end by the monotonic clock. Null while the breaker is closed. */
  let pause: { readonly ms: number; readonly endsAt: number } | null = null;

  function waitMs(): number {
    return pause === null ? 0 : Math.max(0, pause.endsAt - clock.elapsed());
  }

  function state(): BreakerState {
    if (pause === null) return "closed";
    return waitMs() > 0 ? "open" : "half-open";
  }

  return {
    state,
    waitMs,
    failures: () => failures,
    recordSuccess() {
      if (state() === "open") return; // The call began before the pause.
      failures = 0;
      failedAt = -Infinity;
      failedUrls.clear();
      pause = null;
    },
    recordFailure(url) {
      if (state() === "open") return; // The call began before the pause.
      const now = clock.elapsed();
      if (now - failedAt >= SAME_CAUSE_MS) {
        failures++;
        failedAt = now;
      }
      failedUrls.add(url);
      if (failures < FAILURE_THRESHOLD || failedUrls.size < minUrls(state())) return;
      const ms = pause === null ? FIRST_BREAK_MS : Math.min(pause.ms * 2, MAX_BREAK_MS);
      pause = { ms, endsAt: now + ms };
      failedUrls.clear();
    },
  };
}
