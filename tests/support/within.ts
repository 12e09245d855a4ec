/**
 * Waits that have a deadline.
 *
 * @module
 */

/** The deadline of work that takes a moment, on a machine that may be busy with other tests. */
export const PATIENCE_MS = 30_000;

/**
 * Settles as `promise` does within `ms`.
 *
 * @throws {Error} At the deadline. It names `what`.
 */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited ${ms} ms for ${what}`)), ms);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for real time to pass. Use it only between two looks at another process. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Polls until `look` returns a value. Use it if the other process sends no signal.
 *
 * @param look Returns `undefined` to be called again.
 * @throws {Error} At the deadline. It names `what`.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { deadlineMs = PATIENCE_MS, everyMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`Waited ${deadlineMs} ms for ${what}`);
    await pause(everyMs);
  }
}
