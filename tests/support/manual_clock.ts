/**
 * Time that moves when a test says so.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/core/clock.ts";

/** A {@linkcode Clock} for tests: nothing happens on it but by `advance`. */
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
  /** The interval it repeats at, undefined where it runs once. */
  readonly everyMs?: number;
  readonly task: () => void;
}

/** Turns of the event loop granted to promise chains and stream hops: each drains all microtasks. */
const TURNS = 10;

// Taken at import, since a FakeTime of the same test would stop the global one.
const realTimeout = setTimeout;

async function settle(): Promise<void> {
  // Immediates, since a timer costs 2 ms a turn and clocks are advanced by hours.
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

/** Settles with a real moment in between, for work of another thread, such as `crypto.subtle`. */
async function settleAll(): Promise<void> {
  await settle();
  await new Promise<void>((resolve) => void realTimeout(resolve, 0));
  await settle();
}

/** Creates a clock that stands at `start`. */
export function createManualClock(start = 1_700_000_000_000): ManualClock {
  /** Monotonic time: its origin differs from the wall clock's, so that code that compares the two fails. */
  let elapsed = 5_000;
  let wallOffset = start - elapsed;
  // In the order of their beginning, so that of two due at one time the one that was set first runs first.
  const timers = new Set<Timer>();

  function begin(timer: Timer): () => void {
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function next(until: number): Timer | undefined {
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
    // As the runtime's own timers: a delay below 1 ms is none, and an interval moves on by at least 1 ms.
    after: (ms, task) => begin({ at: elapsed + Math.max(0, ms), task }),
    every: (ms, task) => begin({ at: elapsed + Math.max(1, ms), everyMs: Math.max(1, ms), task }),
    async advance(ms) {
      const until = elapsed + ms;
      await settleAll();
      do {
        for (let timer = next(until); timer; timer = next(until)) {
          run(timer);
          await settle();
        }
        elapsed = until;
        await settleAll();
        // The last task may have set a timer that is due already.
      } while (next(until));
    },
    shiftWallClock(ms) {
      wallOffset += ms;
    },
    get timers() {
      return timers.size;
    },
  };
}
