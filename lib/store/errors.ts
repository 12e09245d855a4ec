/**
 * The error of an unavailable store.
 *
 * @module
 */
import { Problem } from "../core/problem.ts";

/** The store did not answer, or refused. The call may have had its effect all the same. */
export class StoreUnavailable extends Problem {
  constructor(cause?: unknown) {
    super(503, "store_away", "The shared store does not answer. Try again soon.", {
      retryAfterMs: 5000,
      cause,
    });
  }
}
