// @ts-check
/**
 * How it goes where there is no feed yet.
 *
 * @module
 */

/** @type {import("./types.js").State} */
export const NO_FEED = Object.freeze({
  kind: "connecting",
  transport: null,
  reason: "Not connected yet.",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
});
