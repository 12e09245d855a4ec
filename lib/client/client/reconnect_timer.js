// @ts-check
/**
 * The delay and the timer of the next connection attempt.
 *
 * @module
 */

/**
 * Creates an exponential backoff with full jitter: a delay is random below a bound that doubles with each failure, so that
 * many clients spread out.
 *
 * @param {{ random: () => number }} runtime
 */
export function createBackoff({ random }) {
  let failures = 0;
  return {
    /** Counts a failure and returns the delay in ms. */
    next: () => random() * Math.min(30_000, 1500 * 2 ** failures++),
    reset() {
      failures = 0;
    },
    /** The number of consecutive failures. */
    get failures() {
      return failures;
    },
  };
}

/**
 * Creates a timer that holds at most one attempt.
 *
 * @param {import("./types.js").BrowserRuntime} runtime
 * @param {(level?: number) => void} attempt
 */
export function createReconnectTimer({ after }, attempt) {
  let stop = () => {};
  const timer = {
    /** True if the attempt is about to replace the current one. */
    isReplacing: false,
    cancel() {
      stop();
      timer.isReplacing = false;
    },
    /** Attempts after `ms`, at the transport level that is then current unless one is given. @param {number} ms @param {number} [level] */
    schedule(ms, level) {
      timer.cancel();
      stop = after(ms, () => attempt(level));
    },
    /** @param {number} ms */
    scheduleReplacement(ms) {
      timer.schedule(ms);
      timer.isReplacing = true;
    },
  };
  return timer;
}
