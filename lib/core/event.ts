/**
 * Events: as a publisher sends them, as the log takes them, and as consumers receive them.
 *
 * @module
 */
import type { Position } from "./position.ts";

/** An event as a publisher sends it. */
export interface EventInput {
  readonly type: string;
  readonly data: unknown;
  /** On a state topic: the key whose older value it replaces, such as a symbol. */
  readonly key?: string;
  /** The tags that filters match, such as symbols or sources. An event without tags passes every filter. */
  readonly tags?: readonly string[];
}

/** A checked and serialised event. The log assigns its id. */
export interface SerializedEvent {
  readonly type: string;
  /** Empty for an event that was published without a key. */
  readonly key: string;
  readonly tags: readonly string[];
  /** The data, serialised when it was published: later changes of the object have no effect. */
  readonly json: string;
}

/** An event of the log. */
export interface StreamEvent extends SerializedEvent {
  readonly id: Position;
  readonly topic: string;
  /** On a log topic: the id of the event before this one, which makes gaps exact. Null for the first event. */
  readonly prevId: Position | null;
}

/** The events of one publication, in order. They enter the log and the windows together. */
export type Batch = readonly StreamEvent[];

/** A message of the log to a subscriber. */
export type LogMessage<Event extends StreamEvent = StreamEvent> =
  | Joined
  /** One publication, and the ids that it retracts. */
  | {
    readonly kind: "published";
    readonly events: readonly Event[];
    readonly retracted: readonly Position[];
  };

/**
 * The position of a subscriber in the log: later messages follow `head`. It is the first message. It is repeated whenever
 * the subscriber cannot receive everything up to `head`, because the log no longer retains it, or because another log has
 * begun, with another epoch.
 */
export interface Joined {
  readonly kind: "joined";
  readonly epoch: Position;
  readonly head: Position;
}
