/**
 * The error of an unavailable store.
 *
 * @module
 */
import { Problem } from "../core/problem.ts";

/** The store did not answer, or refused a call. `cause` must not be logged, because it may contain the call. */
export class StoreUnavailable extends Problem {
  /** The reason, for the operator. It contains neither the token nor any part of the call. */
  readonly reason: string;
  /** True if no answer arrived: the call may have had its effect. */
  readonly isUnknown: boolean;

  constructor(reason = "it did not answer", isUnknown = true, cause?: unknown) {
    super(503, "store_away", "The shared store does not answer. Try again soon.", {
      retryAfterMs: 5000,
      cause,
    });
    this.reason = reason;
    this.isUnknown = isUnknown;
  }
}
