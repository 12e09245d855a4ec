// @ts-check
/**
 * Places in the order of events: ids, `<ms>-<n>`.
 *
 * @module
 */

/** @param {string} id Digits of any number, as the contract has them. */
const padded = (id) => id.split("-").map((part) => part.padStart(40, "0")).join("-");

/**
 * Whether an id comes after another.
 *
 * @param {string} id
 * @param {string} other
 */
export const isAfter = (id, other) => padded(id) > padded(other);
