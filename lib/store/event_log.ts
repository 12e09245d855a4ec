/**
 * The event log: the meeting point of all isolates.
 *
 * @module
 */
import type { Batch, LogMessage, SerializedEvent } from "../core/event.ts";
import { lowerBound, type Position } from "../core/position.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import type { Fence } from "./lease.ts";

/** What makes a publication that is sent twice one publication. */
export interface IdempotencyKey {
  /** Names the publication: publisher, route and the caller's key. */
  readonly key: string;
  /** Tells bodies apart: a key that comes again with another body is refused. */
  readonly fingerprint: string;
}

/**
 * A value of the {@linkcode Store} that changes with a publication, in one step: both or none. So what was published of a
 * value is what became of it, in the same order, whoever dies in between.
 */
export interface Cas {
  readonly key: string;
  /** What must still be kept: null stands for nothing. */
  readonly expected: string | null;
  readonly next: string;
  /** How long the value is kept, in milliseconds. What is kept of a topic of a family is kept as long, and goes with it. */
  readonly ttlMs: number;
  /** Puts its key on a roll, or takes it off, in the same step. */
  readonly openIndex?:
    | { readonly name: string; readonly isOpen: boolean; readonly max: number }
    | undefined;
}

/** What became of a {@linkcode Swap}: `held` alone does not tell, since what is there already may be what was to be put. */
export interface CasResult {
  readonly isSet: boolean;
  /** What is kept now. */
  readonly current: string | null;
}

/** How long to wait where a roll is full, in milliseconds. */
const QUEUE_FULL_RETRY_MS = 10_000;

/** What is said where a roll has as many keys as it takes. */
export function queueFull(max: number): Problem {
  const detail = `${max} are waiting or under way already. Try again soon.`;
  return new Problem(503, "queue_full", detail, { retryAfterMs: QUEUE_FULL_RETRY_MS });
}

/** How long a key is known again, in milliseconds: the contract's 24 hours. */
export const IDEMPOTENCY_KEY_MS = 86_400_000;

/** What is said to a key that comes again with another body. */
export function keyReused(): Problem {
  const detail = "This Idempotency-Key came before, with another body.";
  return new Problem(422, "idempotency_key_reused", detail);
}

/** How a publication is to be taken. */
export interface AppendOptions {
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** Only while this lease is held by this holder: who was its leader and paused shall not write after its successor. */
  readonly fence?: Fence | undefined;
  /** Log topics: ids of events on this topic that this publication takes back. They are read and replayed no more. */
  readonly retracts?: readonly Position[] | undefined;
  /** Log topics: the value that changes with it. */
  readonly cas?: Cas | undefined;
}

/** What became of a publication. */
export type Appended =
  | { readonly kind: "appended" | "repeated"; readonly ids: readonly Position[] }
  /** `full`: the roll has no room for another key. Nothing was published. */
  | { readonly kind: "conflict" | "fenced" | "full" }
  /** Another value is kept than was expected. Nothing was published. */
  | { readonly kind: "stale"; readonly current: string | null };

/** A part of what is kept of a topic, oldest first. */
export interface Page {
  readonly events: Batch;
  /** False where more waits after the last of `events`. */
  readonly isWhole: boolean;
  /** Log topics: the newest id that is no longer kept, null where nothing was ever lost. */
  readonly truncatedAt: Position | null;
  /** Log topics: the oldest id kept, null where nothing is. */
  readonly oldestId: Position | null;
}

/** What the log keeps of a log topic. State topics keep the newest event of each key. */
export interface Retention {
  readonly retainEvents: number;
  readonly retainMs: number;
}

/**
 * What all isolates share. Ids come from one order over all topics. Where the log cannot be reached, everything but
 * `follow()` rejects with a {@linkcode StoreAway}.
 */
export interface EventLog {
  /**
   * Takes the events of one publication, all or none, and gives them their ids. At once they are on their way to every
   * follower of the log, this isolate's too. At most {@linkcode MAX_BATCH_EVENTS} events are one publication.
   */
  append(
    topic: Topic,
    drafts: readonly SerializedEvent[],
    options?: AppendOptions,
  ): Promise<Appended>;
  /** The place of the newest event, or the log's birth where there is none. */
  head(): Promise<Position>;
  /** Whether a cursor lies between the log's birth and its head, in this log and no other. */
  honours(cursor: Position): Promise<boolean>;
  /** The first events of a topic after a place, at most about `maxBytes` of JSON and at least one event. */
  after(topic: Topic, position: Position, maxBytes: number): Promise<Page>;
  /**
   * The last events of a topic, at most about `maxBytes` of JSON and at least one event; on a state topic the newest of
   * every key.
   */
  latest(topic: Topic, maxBytes: number): Promise<Page>;
  /**
   * All that is published from now on, in order. It bridges what breaks on the way and does not end by itself. Cancelling
   * it ends it.
   */
  subscribe(): ReadableStream<LogMessage>;
}

/** The most events of one publication: an id has room for no more. */
export const MAX_BATCH_EVENTS = 1000;

/** The bytes an event counts for in a bound: those of its JSON and some for its names. */
export function weightOf({ json }: Pick<SerializedEvent, "json">): number {
  return json.length + 64;
}

/** The first of some events, in order, that come after a place, and fit: at least one, if there is one. */
export function firstThatFit(
  events: Batch,
  position: Position,
  maxBytes: number,
): Pick<Page, "events" | "isWhole"> {
  const start = lowerBound(events, position);
  let [end, bytes] = [start, 0];
  for (const event of events.slice(start)) {
    bytes += weightOf(event);
    if (bytes > maxBytes && end > start) break;
    end++;
  }
  return { events: events.slice(start, end), isWhole: end === events.length };
}
