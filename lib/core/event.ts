/**
 * The shapes of one published fact, before and after the log has taken it.
 *
 * @module
 */
import type { Position } from "./position.ts";

/** What a publisher hands in. */
export interface EventInput {
  readonly type: string;
  readonly data: unknown;
  /** On a state topic: what a newer value replaces, such as a symbol. */
  readonly key?: string;
  /** What filters match, such as symbols or sources. Without tags an event passes every filter. */
  readonly tags?: readonly string[];
}

/** A publication that was checked and serialised, and has no id yet. */
export interface SerializedEvent {
  readonly type: string;
  readonly key: string;
  readonly tags: readonly string[];
  /** The data, serialised once, when it was published: later changes to the object are never seen. */
  readonly json: string;
}

/** One published fact. */
export interface StreamEvent extends SerializedEvent {
  readonly id: Position;
  readonly topic: string;
  /** On a log topic, the id before it on its topic: null where it is the first. What tells a gap exactly. */
  readonly prevId: Position | null;
}

/** The events of one publication, in order. They enter the log, and an isolate's windows, together. */
export type Batch = readonly StreamEvent[];

/** What a follower of the log is given. */
export type LogMessage<Event extends StreamEvent = StreamEvent> =
  | Joined
  /** One publication, and the ids it takes back. */
  | {
    readonly kind: "published";
    readonly events: readonly Event[];
    readonly retracted: readonly Position[];
  };

/**
 * Where a follower stands: what comes next follows `head`. It comes first, and again whenever something between what came
 * before and `head` could not be told: the log no longer keeps it, or it is another log, with another birth.
 */
export interface Joined {
  readonly kind: "joined";
  readonly epoch: Position;
  readonly head: Position;
}
