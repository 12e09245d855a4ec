// @ts-check
/**
 * How long to wait after failures: full jitter, twice as long at most each time.
 *
 * @module
 */

/** @param {{ random(): number }} world */
export function createBackoff({ random }, minMs = 1500, maxMs = 30_000) {
  let failures = 0;
  return {
    /** Counts a failure. @returns {number} Milliseconds. */
    next: () => random() * Math.min(maxMs, minMs * 2 ** failures++),
    reset: () => void (failures = 0),
    get failures() {
      return failures;
    },
  };
}
