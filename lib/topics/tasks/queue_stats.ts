/**
 * How many tasks are open, for those who ask often and need not know at once.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import { type Kept, queueOf, type QueueStats } from "./task.ts";

/** How long a count is good, in milliseconds: each costs the store a read or more. */
const FRESH_MS = 30_000;

/**
 * Creates what counts when it is asked, once in a while. Where the store does not answer, the last count stays.
 *
 * @param open Looks at all that are open.
 */
export function createCensus(
  { clock, log }: Pick<Runtime, "clock" | "log">,
  open: () => Promise<readonly Kept[]>,
): () => Promise<QueueStats> {
  let askedAt = -Infinity;
  let known = Promise.resolve(queueOf([], 0));

  async function count(last: Promise<QueueStats>): Promise<QueueStats> {
    try {
      return queueOf(await open(), clock.now());
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error("tasks not counted", { error: messageOf(thrown) });
      }
      return await last;
    }
  }

  return () => {
    if (clock.now() - askedAt < FRESH_MS) return known;
    askedAt = clock.now();
    known = count(known);
    return known;
  };
}
