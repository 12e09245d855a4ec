// @ts-check
/**
 * How long to wait after failures.
 *
 * @module
 */

/**
 * Full jitter: anything up to a bound that doubles with each failure, so that a crowd spreads.
 *
 * @param {{ random: () => number, minMs?: number, maxMs?: number }} options
 */
export function createBackoff({ random, minMs = 1500, maxMs = 30_000 }) {
  let failures = 0;
  return {
    /** Counts a failure and gives the wait in ms. */
    next: () => random() * Math.min(maxMs, minMs * 2 ** failures++),
    reset() {
      failures = 0;
    },
    /** In a row. */
    get failures() {
      return failures;
    },
  };
}
