// @ts-check
/**
 * Who is told.
 *
 * @module
 */

/**
 * Creates a list of listeners. One that throws is reported, and stops nobody else.
 *
 * @template T
 * @param {(error: unknown) => void} report
 */
export function createListeners(report) {
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
          report(error);
        }
      }
    },
  };
}
