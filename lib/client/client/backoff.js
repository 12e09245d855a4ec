// @ts-check
/**
 * Delays after failures.
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
