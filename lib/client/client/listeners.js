// @ts-check
/// <reference lib="dom" />
/**
 * Who is told.
 *
 * @module
 */

/**
 * Creates a list of listeners. One that throws is reported, and stops nobody else.
 *
 * @template T
 */
export function createListeners() {
  /** @type {Set<(value: T) => void>} */
  const all = new Set();
  return {
    /** @param {(value: T) => void} listener @returns {() => void} */
    add(listener) {
      /** @param {T} value */
      const own = (value) => listener(value);
      all.add(own);
      return () => void all.delete(own);
    },
    /** @param {T} value */
    tell(value) {
      for (const each of all) {
        try {
          each(value);
        } catch (error) {
          reportError(error);
        }
      }
    },
  };
}
