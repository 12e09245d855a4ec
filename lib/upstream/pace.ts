/**
 * The pace of calls: the limits of an upstream, kept by sliding windows.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/** A limit that an upstream documents. */
export interface CallLimit {
  /** The most calls, or credits if calls differ in cost. */
  readonly calls: number;
  /** In any interval of this length, in milliseconds. */
  readonly perMs: number;
}

/** The pace of calls. */
export interface Pace {
  /** Returns the milliseconds until a call of this cost is within all limits, 0 if it is. */
  waitMs(cost: number): number;
  /** Returns about how long calls of this total cost take until the last one begins, in milliseconds. */
  queueMs(cost: number): number;
  /** Records that a call of this cost is made now. */
  record(cost: number): void;
}

/** The calls of one limit. */
class CallWindow {
  readonly #limit: CallLimit;
  readonly #calls: { readonly at: number; readonly cost: number }[] = [];
  #used = 0;

  constructor(limit: CallLimit) {
    this.#limit = limit;
  }

  waitMs(cost: number, now: number): number {
    const { calls, perMs } = this.#limit;
    this.#expire(now);
    let excess = this.#used + Math.min(cost, calls) - calls;
    for (const call of this.#calls) {
      if (excess <= 0) return 0;
      excess -= call.cost;
      if (excess <= 0) return call.at + perMs - now;
    }
    return 0;
  }

  queueMs(cost: number, now: number): number {
    const { calls, perMs } = this.#limit;
    const fullIntervals = Math.max(0, Math.ceil(cost / calls) - 1);
    return fullIntervals * perMs + this.waitMs(cost - fullIntervals * calls, now);
  }

  record(cost: number, now: number): void {
    this.#expire(now);
    // A call that alone exceeds the limit takes a whole interval.
    const call = { at: now, cost: Math.min(cost, this.#limit.calls) };
    this.#calls.push(call);
    this.#used += call.cost;
  }

  #expire(now: number): void {
    for (let call = this.#calls[0]; call !== undefined; call = this.#calls[0]) {
      if (now - call.at < this.#limit.perMs) return;
      this.#used -= call.cost;
      this.#calls.shift();
    }
  }
}

/** Creates a pace within these limits. Without a limit no call waits. */
export function createPace(clock: Clock, limits: readonly CallLimit[]): Pace {
  const windows = limits.map((limit) => new CallWindow(limit));
  return {
    waitMs: (cost) => Math.max(0, ...windows.map((window) => window.waitMs(cost, clock.elapsed()))),
    queueMs: (cost) =>
      Math.max(0, ...windows.map((window) => window.queueMs(cost, clock.elapsed()))),
    record(cost) {
      for (const window of windows) window.record(cost, clock.elapsed());
    },
  };
}

/**
 * Returns the shortest interval in which calls of this total cost stay within a share of the limits, in milliseconds: 0
 * without a limit.
 *
 * @param share Above 0, at most 1. The rest of each limit is left to other calls.
 */
export function sustainedIntervalMs(
  cost: number,
  limits: readonly CallLimit[],
  share: number,
): number {
  return Math.max(
    0,
    ...limits.map(({ calls, perMs }) => Math.ceil(cost * perMs / (calls * share))),
  );
}
