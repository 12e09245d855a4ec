/**
 * Time, as a thing that is passed in.
 *
 * @module
 */

/** What the project may know about time. */
export interface Clock {
  /** Wall time, in milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once, after `ms` milliseconds. @returns A function that calls it off. */
  after(ms: number, task: () => void): () => void;
  /** Runs `task` every `ms` milliseconds. @returns A function that calls it off. */
  every(ms: number, task: () => void): () => void;
}

/** The real one. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const id = setTimeout(task, ms);
    return () => clearTimeout(id);
  },
  every(ms, task) {
    const id = setInterval(task, ms);
    return () => clearInterval(id);
  },
};
