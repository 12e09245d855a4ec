/**
 * A clock for tests, which moves only by `advance`.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/core/clock.ts";

/** A {@linkcode Clock} whose time passes, and whose timers run, only by `advance`. */
export interface ManualClock extends Clock {
  /**
   * Moves time on and runs what falls due, in order of time. Promises settle before the first task, after each, and at
   * the end, so that work that a task has started is done when this resolves.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forwards or back by `ms`, as an operator or NTP does. Intervals and timers do not notice. */
  shiftWallClock(ms: number): void;
  /** The number of running timers. */
  readonly timers: number;
}

interface Timer {
  at: number;
  /** The interval at which it repeats, undefined if it runs once. */
  readonly everyMs?: number;
  readonly task: () => void;
}

/** Turns of the event loop granted to promise chains and stream hops: each drains all microtasks. */
const TURNS = 10;

/** Round trips to the thread pool granted to work in it: one operation of it may follow another. */
const THREAD_TRIPS = 2;

async function settle(): Promise<void> {
  // Immediates, since a timer costs 2 ms per turn and clocks are advanced by hours.
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

/** Settles with digests in between, which take about as long as other work in the thread pool, such as a signature. */
async function settleThreads(): Promise<void> {
  await settle();
  for (let trip = 0; trip < THREAD_TRIPS; trip++) {
    await crypto.subtle.digest("SHA-256", new Uint8Array(1));
    await settle();
  }
}

/** Creates a clock whose wall time is `start`, in ms since the Unix epoch. */
export function createManualClock(start = 1_700_000_000_000): ManualClock {
  /** Monotonic time: its origin differs from the wall clock's, so that code that compares the two fails. */
  let elapsed = 5_000;
  let wallOffset = start - elapsed;
  // In the order in which they were set: of two that are due at the same time, the earlier one runs first.
  const timers = new Set<Timer>();

  function add(timer: Timer): () => void {
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function nextDue(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= until && (!first || timer.at < first.at)) first = timer;
    }
    return first;
  }

  function run(timer: Timer): void {
    elapsed = Math.max(elapsed, timer.at);
    timers.delete(timer);
    if (timer.everyMs !== undefined) {
      timer.at += timer.everyMs;
      timers.add(timer);
    }
    timer.task();
  }

  return {
    now: () => elapsed + wallOffset,
    elapsed: () => elapsed,
    // As the runtime's timers: a negative delay is 0, and an interval is at least 1 ms.
    after: (ms, task) => add({ at: elapsed + Math.max(0, ms), task }),
    every: (ms, task) => add({ at: elapsed + Math.max(1, ms), everyMs: Math.max(1, ms), task }),
    async advance(ms) {
      const until = elapsed + ms;
      await settleThreads();
      do {
        for (let timer = nextDue(until); timer; timer = nextDue(until)) {
          run(timer);
          await settle();
        }
        elapsed = until;
        await settleThreads();
        // The last task may have set a timer that is already due.
      } while (nextDue(until));
    },
    shiftWallClock(ms) {
      wallOffset += ms;
    },
    get timers() {
      return timers.size;
    },
  };
}
