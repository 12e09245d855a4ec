/**
 * The event log: every isolate publishes into it and reads from it.
 *
 * @module
 */
import type { Batch, LogMessage, SerializedEvent } from "../core/event.ts";
import { lowerBound, type Position } from "../core/position.ts";
import { Problem } from "../core/problem.ts";
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
 * A compare-and-set of a value in the `Store`, in one step with a publication: both happen or neither. The events of a
 * value are therefore in the log in the order of its changes.
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

/** The result of a {@linkcode Cas}. Only `isSet` tells who set the value: `current` may have been equal to `next` before. */
export interface CasResult {
  readonly isSet: boolean;
  /** The value that is stored now. */
  readonly current: string | null;
}

/** Delay before a caller retries after a full open index, in milliseconds. */
const QUEUE_FULL_RETRY_MS = 10_000;

/** Creates the problem of a full open index. */
export function queueFull(max: number): Problem {
  const detail = `${max} are waiting or under way already. Try again soon.`;
  return new Problem(503, "queue_full", detail, { retryAfterMs: QUEUE_FULL_RETRY_MS });
}

/** Lifetime of an idempotency key, in milliseconds: the contract's 24 hours. */
export const IDEMPOTENCY_KEY_MS = 86_400_000;

/** Creates the problem of an idempotency key that returns with another body. */
export function keyReused(): Problem {
  const detail = "This Idempotency-Key came before, with another body.";
  return new Problem(422, "idempotency_key_reused", detail);
}

/** The conditions and side effects of an append. */
export interface AppendOptions {
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** The lease that must be held: a leader that paused cannot write after its successor. */
  readonly fence?: Fence | undefined;
  /** Log topics: ids of events of this topic that the publication retracts. They are not read or replayed any more. */
  readonly retracts?: readonly Position[] | undefined;
  /** Log topics: the value that changes with the publication. */
  readonly cas?: Cas | undefined;
}

/** The result of an append. Only `appended` published anything. */
export type Appended =
  | { readonly kind: "appended" | "repeated"; readonly ids: readonly Position[] }
  /** `conflict`: the idempotency key has another fingerprint. `fenced`: the lease is not held. `full`: the open index is. */
  | { readonly kind: "conflict" | "fenced" | "full" }
  /** The value is not the expected one. */
  | { readonly kind: "stale"; readonly current: string | null };

/** Some of a topic's retained events, oldest first. */
export interface Page {
  readonly events: Batch;
  /** False if retained events are missing: after the page of `after()`, before the page of `latest()`. */
  readonly isWhole: boolean;
  /** Log topics: the newest id that is not retained any more. Null if none was evicted. */
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
 * A log of events. Its ids are in one order over all topics. While the store does not answer, every method but
 * `subscribe()` rejects with `StoreUnavailable`.
 */
export interface EventLog {
  /**
   * Publishes a batch, all of it or nothing, and assigns its ids. Every subscriber of the log receives it, those of this
   * isolate too.
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
   * connections: it continues without a gap, or with another `joined`. It ends when it is cancelled.
   */
  subscribe(): ReadableStream<LogMessage>;
}

/** Maximum number of events in a batch. */
export const MAX_BATCH_EVENTS = 1000;

/** Returns the size that an event counts for in a bound, in bytes: its JSON, and a share for its other fields. */
export function weightOf({ json }: Pick<SerializedEvent, "json">): number {
  return json.length + 64;
}

/** Selects the first of some ordered events after a position that fit: at least one, if there is one. */
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
