/**
 * Keep-warm: a GET keeps polls running for a while, and waits briefly for fresh values.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/** A GET keeps polls running for this many intervals. */
export const KEEP_WARM_POLLS = 3;

/** A GET waits at most this many milliseconds for fresh values. Then it answers with the known ones. */
const MAX_FRESH_WAIT_MS = 800;

/** Resolves once `fresh` has settled, or after {@linkcode MAX_FRESH_WAIT_MS}. Rejects if `fresh` rejects in time. */
export async function withTimeout(
  clock: Pick<Clock, "after">,
  fresh: Promise<void>,
): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(MAX_FRESH_WAIT_MS, resolve);
  try {
    await Promise.race([fresh, timeout]);
  } finally {
    cancel();
  }
}
