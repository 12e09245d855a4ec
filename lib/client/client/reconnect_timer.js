// @ts-check
/**
 * The timer of the next connection attempt.
 *
 * @module
 */

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
