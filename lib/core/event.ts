/**
 * The shapes of one published fact, before and after the log has taken it.
 *
 * @module
 */
import type { Place } from "./place.ts";

/** What a publisher hands in. */
export interface Publication {
  readonly type: string;
  readonly data: unknown;
  /** On a state topic: what a newer value replaces, such as a symbol. */
  readonly key?: string;
  /** What filters match, such as symbols or sources. Without tags an event passes every filter. */
  readonly tags?: readonly string[];
}

/** A publication that was checked and serialised, and has no id yet. */
export interface Draft {
  readonly type: string;
  readonly key: string;
  readonly tags: readonly string[];
  /** The data, serialised once, when it was published: later changes to the object are never seen. */
  readonly json: string;
}

/** One published fact. */
export interface StreamEvent extends Draft {
  readonly id: Place;
  readonly topic: string;
  /** On a log topic, the id before it on its topic: null where it is the first. What tells a gap exactly. */
  readonly prev: Place | null;
}

/** The events of one publication, in order. They enter the log, and an isolate's windows, together. */
export type Batch = readonly StreamEvent[];
