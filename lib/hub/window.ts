/**
 * What this isolate remembers of one topic.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import type { Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { Page } from "../store/event_log.ts";

/**
 * The recent past of a topic, encoded. Clients do not queue events, they hold a place in here: on a state topic the
 * newest event of each key, on a log topic the last ones.
 */
export interface Window {
  readonly topic: Topic;
  /** Everything after this place is in here. Null where nothing is missing at all. */
  readonly lost: Position | null;
  /** Log topics: the id of the terminal event, after which nothing comes. Null as long as it has not come. */
  readonly end: Position | null;
  /** Takes in what was published. On a state topic it replaces the older event of its key. */
  add(events: readonly EncodedEvent[]): void;
  /** Log topics: takes out what was taken back. */
  retract(ids: readonly Position[]): void;
  /** Forgets everything: what comes in from now on comes after `place`. */
  reset(position: Position): void;
  /** Puts what the log kept before `place`, where it was reset to, in front of what has come since. */
  fill(page: Page, position: Position): void;
  /** All events after a place, oldest first. */
  after(position: Position): readonly EncodedEvent[];
  /** What the topic opens with is made of this: the newest value of each key, or the events at hand. */
  values(): readonly StreamEvent[];
  /** State topics: shows values the log does not have, until it has newer ones. @returns Those it has nothing newer than. */
  show(values: readonly EncodedEvent[]): readonly EncodedEvent[];
  /** State topics: the values shown that the log does not have. */
  shown(): readonly EncodedEvent[];
  /** State topics: whether an event of the log is older than a value that is shown. */
  hides(event: StreamEvent): boolean;
  /** Lets go of what is older than `ms` since the epoch. */
  trim(ms: number): void;
}

/** How much a window holds. Bytes are those of the encoded events. */
export interface WindowBounds {
  readonly maxEvents: number;
  readonly maxBytes: () => number;
}
