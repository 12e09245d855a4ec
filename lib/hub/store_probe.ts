/**
 * Whether the log answers.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { StoreHealth } from "../store/backend.ts";

/** How long until a log is asked again that did not answer, in milliseconds. */
const AGAIN_MS = 1000;

/**
 * Creates what tells whether the log is known not to answer: nothing is asked of it then. Who finds it away has it asked
 * whether it still is, now and then, since perhaps nobody else has a reason to ask.
 */
export function createOutage(
  clock: Clock,
  health: Pick<StoreHealth, "isUp" | "check">,
): () => boolean {
  let askedAt = -Infinity;
  return () => {
    if (health.isUp) return false;
    if (clock.now() - askedAt >= AGAIN_MS) {
      askedAt = clock.now();
      void health.check(); // never rejects
    }
    return true;
  };
}
