// @ts-check
/**
 * Who is told.
 *
 * @module
 */

/**
 * @template T
 * @typedef {{ add(listener: (value: T) => void): () => void, tell(value: T): void }} Listeners `add` returns the way out.
 */

/**
 * Creates a list of listeners. One that throws is reported, and stops nobody else.
 *
 * @template T
 * @param {(error: unknown) => void} report
 * @returns {Listeners<T>}
 */
export function createListeners(report) {
  /** @type {Set<(value: T) => void>} */
  const all = new Set();
  return {
    add(listener) {
      /** @type {typeof listener} */
      const own = (value) => listener(value);
      all.add(own);
      return () => void all.delete(own);
    },
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
