/**
 * The clock: wall time for display and storage, monotonic time for every interval.
 *
 * @module
 */

/** A clock that callers inject. */
export interface Clock {
  /** Returns wall time, in milliseconds since the Unix epoch. It may jump, so it serves only values that are shown or stored. */
  now(): number;
  /** Returns monotonic time, in milliseconds since an arbitrary origin. It never jumps, so it serves every interval. */
  elapsed(): number;
  /** Runs `task` once, after `ms` milliseconds. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void;
  /** Runs `task` every `ms` milliseconds. Returns a function that cancels it. */
  every(ms: number, task: () => void): () => void;
}

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, task) {
    const id = setTimeout(task, ms);
    return () => clearTimeout(id);
  },
  every(ms, task) {
    const id = setInterval(task, ms);
    return () => clearInterval(id);
  },
};
