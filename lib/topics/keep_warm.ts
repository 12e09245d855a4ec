/**
 * Keep-warm: a GET keeps polls running for a while, and waits briefly for fresh values.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/** The number of polling intervals for which a GET keeps polls running. */
export const KEEP_WARM_POLLS = 3;

/** The longest wait of a GET for fresh values. After it, the GET responds with the earlier ones. */
const MAX_FRESH_WAIT_MS = 800;

/** Waits for `fresh`, at most {@linkcode MAX_FRESH_WAIT_MS}, and resolves in both cases. Rejects if `fresh` rejects in time. */
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
