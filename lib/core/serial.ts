/**
 * A mutex for asynchronous tasks.
 *
 * @module
 */

/**
 * Runs a task once every earlier task of the same key has settled. Tasks of different keys run concurrently.
 *
 * @param key Names the queue. All tasks without a key share one.
 * @returns The task's result. A task that rejects does not stop the later tasks.
 */
export type Serial = <T>(task: () => Promise<T>, key?: string) => Promise<T>;

/** Creates a mutex. It forgets a key once the last task of the key has settled. */
export function createSerial(): Serial {
  /** The settlement of each key's last task. They never reject. */
  const tails = new Map<string, Promise<void>>();

  return (task, key = "") => {
    const result = (tails.get(key) ?? Promise.resolve()).then(task);
    const release = () => {
      if (tails.get(key) === tail) tails.delete(key);
    };
    const tail = result.then(release, release);
    tails.set(key, tail);
    return result;
  };
}
