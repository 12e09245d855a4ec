/**
 * The event log, into which every isolate publishes, and from which every isolate reads.
 *
 * @module
 */
import type { Batch, LogMessage, SerializedEvent } from "../core/event.ts";
import { lowerBound, type Position } from "../core/position.ts";
import { Problem } from "../core/problem.ts";
import { DAY_MS } from "../core/time.ts";
import type { Topic } from "../core/topic.ts";
import type { Fence } from "./lease.ts";

/** An idempotency key: a publication that is sent twice with it is published once. */
export interface IdempotencyKey {
  /** Identifies the publication: publisher, route and the caller's key. */
  readonly key: string;
  /** Identifies the body. A key that returns with another fingerprint is refused. */
  readonly fingerprint: string;
}

/**
 * A compare-and-set of a value in the `Store`, in one step with a publication: both happen or neither. The log therefore has
 * the events of a value in the order of the changes.
 */
export interface Cas {
  readonly key: string;
  /** The value that must still be stored. Null stands for no value. */
  readonly expected: string | null;
  readonly next: string;
  /** Lifetime of the value in milliseconds. The log of a topic of a family expires with the value. */
  readonly ttlMs: number;
  /** Adds the key to an open index, or removes it from there. A full index takes no further key. */
  readonly openIndex?:
    | { readonly name: string; readonly isOpen: boolean; readonly max: number }
    | undefined;
}

/** The result of a {@linkcode Cas}. */
export interface CasResult {
  /** True if this call set the value. `current` does not tell, because it may have been equal to `next` before. */
  readonly isSet: boolean;
  /** The value that is stored now. */
  readonly current: string | null;
}

/** The delay before a caller retries after a full open index, in milliseconds. */
const QUEUE_FULL_RETRY_MS = 10_000;

/** Creates the problem of a full open index. */
export function queueFull(max: number): Problem {
  const detail = `The queue is full: ${max} are waiting or running. Try again soon.`;
  return new Problem(503, "queue_full", detail, { retryAfterMs: QUEUE_FULL_RETRY_MS });
}

/** Lifetime of an idempotency key, in milliseconds: 24 hours, as the API's document promises. */
export const IDEMPOTENCY_KEY_MS = DAY_MS;

/** Creates the problem of an idempotency key that returns with another body. */
export function keyReused(): Problem {
  const detail = "This `Idempotency-Key` was used with another body. Send a new key.";
  return new Problem(422, "idempotency_key_reused", detail);
}

/** Creates the problem of a publication by an isolate that no longer holds the lease. */
export function fenced(): Problem {
  return new Problem(409, "fenced", "Another isolate leads.");
}

/** The conditions and side effects of an append. */
export interface AppendOptions {
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** The lease that must be held, so that a leader that paused cannot write after its successor. */
  readonly fence?: Fence | undefined;
  /** Log topics: ids of events of this topic that the publication retracts. They are no longer read or replayed. */
  readonly retracts?: readonly Position[] | undefined;
  /** Log topics: the value that changes with the publication. */
  readonly cas?: Cas | undefined;
}

/** The conditions and side effects of an append that depends on a value. */
export type CasOptions = AppendOptions & { readonly cas: Cas };

/** The result of an append. Only `appended` has published the events. */
export type Appended =
  | { readonly kind: "appended" | "repeated"; readonly ids: readonly Position[] }
  /** `conflict`: the idempotency key has another fingerprint. `fenced`: the lease is not held. `full`: the open index is full. */
  | { readonly kind: "conflict" | "fenced" | "full" }
  /** The value is not the expected one. */
  | { readonly kind: "stale"; readonly current: string | null };

/** A page of a topic's retained events, oldest first. */
export interface Page {
  readonly events: Batch;
  /** False if retained events are missing: after the page of `after()`, before the page of `latest()`. */
  readonly isWhole: boolean;
  /** Log topics: the newest id that is no longer retained. Null if none was evicted. */
  readonly truncatedAt: Position | null;
  /** Log topics: the oldest retained id. Null if there is none. */
  readonly oldestId: Position | null;
}

/** The bounds of a log topic. A state topic retains the newest event of each key. */
export interface Retention {
  readonly retainEvents: number;
  readonly retainMs: number;
}

/**
 * A log of events. The ids of all topics are in one order. While the store does not answer, every method but
 * `subscribe()` rejects with `StoreUnavailable`.
 */
export interface EventLog {
  /**
   * Publishes a batch completely or not at all, and assigns the ids. Every subscriber of the log receives it, including those
   * of this isolate.
   *
   * @throws {RangeError} If the batch has more than {@linkcode MAX_BATCH_EVENTS} events.
   */
  append(
    topic: Topic,
    events: readonly SerializedEvent[],
    options?: AppendOptions,
  ): Promise<Appended>;
  /** Returns the id of the newest event. Returns the log's epoch if there is none. */
  head(): Promise<Position>;
  /** Returns true if a cursor lies between the epoch and the head of this log. */
  honours(cursor: Position): Promise<boolean>;
  /** Reads the first events of a topic after a position: about `maxBytes` of JSON, and at least one event. */
  after(topic: Topic, position: Position, maxBytes: number): Promise<Page>;
  /** Reads the last events of a log topic: about `maxBytes` of JSON, and at least one event. Reads all of a state topic. */
  latest(topic: Topic, maxBytes: number): Promise<Page>;
  /**
   * Subscribes to all topics: `joined` with the current head, then every publication in order. The stream outlives broken
   * connections: it continues without a gap, or with another `joined`. It ends only when it is cancelled.
   */
  subscribe(): ReadableStream<LogMessage>;
}

/** Maximum number of events in a batch. */
export const MAX_BATCH_EVENTS = 1000;

/** The share of an event's other fields in its weight. */
const FIELDS_WEIGHT = 64;

/** Returns the weight of an event in limits of bytes: the characters of its JSON, and a share for its other fields. */
export function weightOf({ json }: Pick<SerializedEvent, "json">): number {
  return json.length + FIELDS_WEIGHT;
}

/** Selects the first events after a position that fit into `maxBytes`, and at least one. The events are ordered by id. */
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
