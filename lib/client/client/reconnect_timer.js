// @ts-check
/**
 * The timer of the next connection attempt.
 *
 * @module
 */

/**
 * Creates a timer that holds at most one attempt. Scheduling another replaces it.
 *
 * @param {import("./types.js").BrowserRuntime} runtime
 * @param {(level?: number) => void} startAttempt
 */
export function createReconnectTimer({ after }, startAttempt) {
  let stop = () => {};
  const timer = {
    /** True if the attempt replaces a connection that the server is about to end. Only the timer sets it. */
    isReplacing: false,
    cancel() {
      stop();
      timer.isReplacing = false;
    },
    /** @param {number} ms @param {number} [level] The default is the transport level when the attempt starts. */
    schedule(ms, level) {
      timer.cancel();
      stop = after(ms, () => startAttempt(level));
    },
    /** Schedules an attempt that replaces the connection. @param {number} ms */
    scheduleReplacement(ms) {
      timer.schedule(ms);
      timer.isReplacing = true;
    },
  };
  return timer;
}
