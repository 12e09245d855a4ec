/**
 * Waiting that always ends.
 *
 * @module
 */

/** The longest wait for a moment's work, on a machine that may be busy with other tests. */
export const PATIENCE_MS = 30_000;

/**
 * Resolves as `promise` does, if in time.
 *
 * @throws {Error} Naming `what` was waited for.
 */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited ${ms} ms for ${what}`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets `ms` pass, between two looks at something outside. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks again and again until `look` gives something: use it where the outside has no way to tell us.
 *
 * @param look Gives `undefined` as long as it is not there yet.
 * @throws {Error} Naming `what` was waited for.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { deadlineMs = PATIENCE_MS, everyMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`Waited ${deadlineMs} ms for ${what}`);
    await pause(everyMs);
  }
}
