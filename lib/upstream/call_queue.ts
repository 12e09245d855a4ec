/**
 * The queue of the calls to one upstream: they wait for the pace, and for a free slot.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Pace } from "./pace.ts";

/** The state of an upstream that decides on waiting calls. */
export interface Gate {
  /** Returns the number of calls that may be in flight. 1 makes each call a trial, and 0 refuses all waiting calls. */
  maxInFlight(): number;
  /** Returns the rank of a URL among the trials. The lowest rank is first, and equal ranks keep their order. */
  rankOfTrial(url: string): number;
}

/** A call that waits. */
interface WaitingCall {
  readonly url: string;
  readonly cost: number;
  /** Settles the wait: true if it is the turn of the call. */
  readonly settle: (isTurn: boolean) => void;
}

/** The queue of calls. */
export interface CallQueue {
  /** Returns the number of calls that wait. */
  size(): number;
  /** Returns about how long a further call would wait for the pace, in milliseconds. */
  waitMs(cost: number): number;
  /**
   * Runs a task once it is the turn of its call. Calls that enter together are ranked before the first one starts.
   *
   * @param cost The credits that the call costs.
   * @throws The error of `refuse`, if calls are refused meanwhile, or that of the task.
   */
  run<T>(url: string, cost: number, task: () => Promise<T>, refuse: () => Error): Promise<T>;
}

/** Creates a queue. It has a timer only while calls wait for the pace. */
export function createCallQueue(clock: Clock, pace: Pace, gate: Gate): CallQueue {
  const waiting: WaitingCall[] = [];
  let inFlight = 0;
  let cancelTimer = () => {};

  function selectNext(): WaitingCall | undefined {
    if (gate.maxInFlight() > 1) return waiting[0];
    const ranks = waiting.map(({ url }) => gate.rankOfTrial(url));
    return waiting[ranks.indexOf(Math.min(...ranks))];
  }

  function remove(call: WaitingCall): void {
    waiting.splice(waiting.indexOf(call), 1);
  }

  /** Starts the calls whose turn it is, and refuses all calls if the gate does. */
  function pump(): void {
    cancelTimer();
    cancelTimer = () => {};
    if (gate.maxInFlight() === 0) {
      for (const { settle } of waiting.splice(0)) settle(false);
      return;
    }
    while (inFlight < gate.maxInFlight()) {
      const next = selectNext();
      if (next === undefined) return;
      const waitMs = pace.waitMs(next.cost);
      if (waitMs > 0) {
        cancelTimer = clock.after(waitMs, pump);
        return;
      }
      remove(next);
      pace.record(next.cost);
      inFlight++;
      next.settle(true);
    }
  }

  return {
    size: () => waiting.length,
    waitMs: (cost) => pace.queueMs(waiting.reduce((sum, call) => sum + call.cost, cost)),
    async run(url, cost, task, refuse) {
      const turn = Promise.withResolvers<boolean>();
      waiting.push({ url, cost, settle: turn.resolve });
      queueMicrotask(pump);
      if (!await turn.promise) throw refuse();
      try {
        return await task();
      } finally {
        inFlight--;
        pump();
      }
    },
  };
}
