// @ts-check
/**
 * How long to wait after failures.
 *
 * @module
 */

/**
 * Full jitter: anything up to a bound that doubles with each failure, so that a crowd spreads.
 *
 * @param {{ random: () => number }} world
 */
export function createBackoff({ random }) {
  let failures = 0;
  return {
    /** Counts a failure and gives the wait in ms. */
    next: () => random() * Math.min(30_000, 1500 * 2 ** failures++),
    reset() {
      failures = 0;
    },
    /** In a row. */
    get failures() {
      return failures;
    },
  };
}
