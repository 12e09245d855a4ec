/**
 * Sets of listeners.
 *
 * @module
 */

/** The listeners of one event. */
export interface ListenerSet<Value> {
  /** Adds a listener, and returns a function that removes it. A function that is added twice is called twice. */
  add(listener: (value: Value) => void): () => void;
  /** Calls the listeners in the order of their addition. A listener may add or remove others. */
  notify(value: Value): void;
}

/** Creates an empty set of listeners. */
export function createListenerSet<Value>(): ListenerSet<Value> {
  const entries = new Set<{ readonly listener: (value: Value) => void }>();
  return {
    add(listener) {
      const entry = { listener };
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    notify(value) {
      for (const entry of [...entries]) if (entries.has(entry)) entry.listener(value);
    },
  };
}
