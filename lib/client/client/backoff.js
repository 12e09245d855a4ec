// @ts-check
/**
 * Delays after failures.
 *
 * @module
 */

/** The bound of the first delay. */
const FIRST_BACKOFF_MS = 1500;
/** The bound at which delays stop growing. */
const MAX_BACKOFF_MS = 30_000;

/**
 * Creates an exponential backoff with full jitter: a delay is random below a bound that doubles with each failure, so that
 * many clients spread out after an outage.
 *
 * @param {{ random: () => number }} runtime `random` returns a number from 0 to 1, as `Math.random()` does.
 */
export function createBackoff({ random }) {
  let failures = 0;
  return {
    /** Counts a failure and returns the delay after it in ms. */
    fail: () => random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures++),
    /** Forgets all failures. */
    reset() {
      failures = 0;
    },
    /** The number of consecutive failures. */
    get failures() {
      return failures;
    },
  };
}
