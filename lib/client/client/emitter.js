// @ts-check
/**
 * Listeners of one value.
 *
 * @module
 */

/**
 * @template T
 * @typedef {{ subscribe(listener: (value: T) => void): () => void, emit(value: T): void }} Emitter
 */

/**
 * Creates an emitter. A listener that throws is reported and does not affect the others.
 *
 * @template T
 * @param {(error: unknown) => void} report
 * @returns {Emitter<T>}
 */
export function createEmitter(report) {
  /** @type {Set<(value: T) => void>} */
  const listeners = new Set();
  return {
    subscribe(listener) {
      // A wrapper, so that one function may subscribe twice.
      /** @type {typeof listener} */
      const own = (value) => listener(value);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    emit(value) {
      for (const listener of listeners) {
        try {
          listener(value);
        } catch (error) {
          report(error);
        }
      }
    },
  };
}
