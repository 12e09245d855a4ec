/**
 * What is said while the shared store cannot be reached.
 *
 * @module
 */
import { Problem } from "../core/problem.ts";

/** The store did not answer, or refused. What was asked for may have been done all the same. */
export class StoreUnavailable extends Problem {
  constructor(cause?: unknown) {
    super(503, "store_away", "The shared store does not answer. Try again soon.", {
      retryAfterMs: 5000,
      cause,
    });
  }
}
