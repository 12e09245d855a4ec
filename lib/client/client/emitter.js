// @ts-check
/**
 * Listeners of one value.
 *
 * @module
 */

/**
 * @template T
 * @typedef {object} Emitter
 * @property {(listener: (value: T) => void) => () => void} subscribe Returns the unsubscribe function, which may be called
 *   repeatedly.
 * @property {(value: T) => void} emit Calls the listeners in the order of their subscription.
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
      const subscriber = (value) => listener(value);
      listeners.add(subscriber);
      return () => void listeners.delete(subscriber);
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
