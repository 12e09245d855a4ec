/**
 * Leaving an upstream alone because it keeps failing. The policy is cockatiel's, the time is ours.
 *
 * @module
 */
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  handleAll,
  type IBackoff,
  type IBreaker,
} from "cockatiel";
import type { Clock } from "../core/clock.ts";
import type { BREAKER_STATES } from "../core/metrics.ts";

/** Failures in a row that open it: one may be chance, two bad luck. */
const THRESHOLD = 3;

/** Failures that come together have one cause, and count as one: a poll makes several calls at a time. */
const TOGETHER_MS = 500;

const FIRST_PAUSE_MS = 10_000;
const MAX_PAUSE_MS = 5 * 60_000;

/** `open`: no calls. `half-open`: the next call, or the one that is out, is a trial. */
export type BreakerState = typeof BREAKER_STATES[number];

/** A breaker around the calls of one upstream. */
export interface Breaker {
  state(): BreakerState;
  /** In ms since the epoch: no call before. Lies in the past where none is held back. */
  until(): number;
  /** Failures in a row. */
  failures(): number;
  /**
   * Runs a call. While a trial is out, others wait for its outcome.
   *
   * @throws What `refuse` returns, where no call is allowed; else whatever the task rejects with.
   */
  run<T>(task: () => Promise<T>, refuse: () => Error): Promise<T>;
}

/** Creates a breaker. Its pauses double from 10 s to 5 min, with each trial that fails. */
export function createBreaker(clock: Clock): Breaker {
  let until = 0;

  /** cockatiel asks how long the pause is, against a clock of its own; this one is endless until it is over. */
  function pause(ms: number): IBackoff<unknown> {
    until = clock.now() + ms;
    return {
      get duration() {
        return clock.now() < until ? Infinity : -Infinity;
      },
      next: () => pause(Math.min(ms * 2, MAX_PAUSE_MS)),
    };
  }

  let failures = 0;
  let failedAt = -Infinity;
  const consecutive: IBreaker = {
    state: undefined,
    success() {
      failures = 0;
      failedAt = -Infinity;
    },
    failure() {
      const now = clock.now();
      if (now - failedAt >= TOGETHER_MS) {
        failures++;
        failedAt = now;
      }
      return failures >= THRESHOLD;
    },
  };
  const circuit = circuitBreaker(handleAll, {
    breaker: consecutive,
    halfOpenAfter: { next: () => pause(FIRST_PAUSE_MS) },
  });

  return {
    state() {
      if (circuit.state === CircuitState.Closed) return "closed";
      return clock.now() < until ? "open" : "half-open";
    },
    until: () => until,
    failures: () => failures,
    async run(task, refuse) {
      try {
        return await circuit.execute(task);
      } catch (thrown) {
        throw thrown instanceof BrokenCircuitError ? refuse() : thrown;
      }
    },
  };
}
