/**
 * The event log of a single isolate, in memory. It ends with the process.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Batch, LogMessage, SerializedEvent, StreamEvent } from "../../core/event.ts";
import { evictOldest } from "../../core/evict.ts";
import { comparePositions, parseId, type Position } from "../../core/position.ts";
import type { Runtime } from "../../core/runtime.ts";
import { createRetentionTime } from "../../core/time.ts";
import type { Topic } from "../../core/topic.ts";
import {
  type Appended,
  type AppendOptions,
  type EventLog,
  firstThatFit,
  IDEMPOTENCY_KEY_MS,
  MAX_BATCH_EVENTS,
  type Page,
  type Retention,
  weightOf,
} from "../event_log.ts";
import type { MemoryLeases } from "./lease.ts";
import type { MemoryStore } from "./store.ts";

/** Maximum size of all topics, in bytes. Beyond it an append evicts events of the same topic, down to an even share. */
const MAX_LOG_BYTES = 67_108_864;

/** Maximum number of idempotency keys: some 20 MiB. The least recently used keys are evicted first. */
const MAX_IDEMPOTENCY_KEYS = 50_000;

/** Interval between two searches for expired topics, in milliseconds. */
const EXPIRY_SWEEP_MS = 60_000;

/** The state that changes, or is checked, in one step with an append. */
export interface MemoryLogContext {
  readonly leases: Pick<MemoryLeases, "isHeld">;
  readonly store: Pick<MemoryStore, "casNow">;
}

/** The bounds of a log topic. */
interface TopicBounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** Wall time of the oldest event that may stay, in ms since the Unix epoch. */
  readonly cutoffMs: number;
}

/** The retained events of one topic. */
interface TopicLog {
  /** In the order of their ids. */
  readonly events: readonly StreamEvent[];
  /** The newest id that is no longer retained. Null if none was evicted. */
  readonly truncatedAt: Position | null;
  /** The `prevId` of the next event. */
  readonly lastId: Position | null;
  /** The weight of the events. It is 0 for state topics, which are bounded by their keys. */
  readonly bytes: number;
  add(event: StreamEvent): void;
  /** Deletes events. The event after a deleted one gets its `prevId`. */
  retract(ids: readonly Position[]): void;
  /** Evicts the oldest events until the bounds hold. The last event stays unless it is too old. */
  trim(bounds: TopicBounds): void;
}

/** Retains the newest event of each key. */
class StateTopicLog implements TopicLog {
  readonly truncatedAt = null;
  readonly lastId = null;
  readonly bytes = 0;
  readonly #newest = new Map<string, StreamEvent>();

  get events(): StreamEvent[] {
    return [...this.#newest.values()];
  }

  add(event: StreamEvent): void {
    this.#newest.delete(event.key); // The new event then goes to the end.
    this.#newest.set(event.key, event);
  }

  retract(): void {}

  trim(): void {}
}

/** Retains the last events. */
class LogTopicLog implements TopicLog {
  readonly events: StreamEvent[] = [];
  truncatedAt: Position | null = null;
  bytes = 0;

  get lastId(): Position | null {
    return this.events.at(-1)?.id ?? this.truncatedAt;
  }

  add(event: StreamEvent): void {
    this.events.push(event);
    this.bytes += weightOf(event);
  }

  retract(ids: readonly Position[]): void {
    for (const id of ids) {
      const index = this.events.findIndex((event) => event.id === id);
      const [retracted] = index === -1 ? [] : this.events.splice(index, 1);
      if (!retracted) continue;
      this.bytes -= weightOf(retracted);
      const successor = this.events[index];
      if (successor) this.events[index] = { ...successor, prevId: retracted.prevId };
    }
  }

  trim({ maxEvents, maxBytes, cutoffMs }: TopicBounds): void {
    evictOldest(
      this.events,
      ({ id }, remaining) => {
        const isExcess = remaining > maxEvents || (this.bytes > maxBytes && remaining > 1);
        return isExcess || parseId(id).ms < cutoffMs;
      },
      (event) => {
        this.bytes -= weightOf(event);
        this.truncatedAt = event.id;
      },
    );
  }
}

/** Selects the last events that fit into `maxBytes`, and at least one. The events are ordered by id. */
function lastThatFit(
  events: readonly StreamEvent[],
  maxBytes: number,
): Pick<Page, "events" | "isWhole"> {
  let [start, bytes] = [events.length, 0];
  for (const event of events.toReversed()) {
    bytes += weightOf(event);
    if (bytes > maxBytes && start < events.length) break;
    start--;
  }
  return { events: events.slice(start), isWhole: start === 0 };
}

/** Creates a log in memory. Without a context every lease is held and every compare-and-set succeeds. */
export function createMemoryEventLog(
  { clock, random }: Pick<Runtime, "clock" | "random">,
  { retainEvents, retainMs }: Retention,
  { leases, store }: Partial<MemoryLogContext> = {},
): EventLog {
  const epoch = `${clock.now()}-0`;
  const retentionTime = createRetentionTime(clock);
  // Each process counts from a random number, by which the ids of other processes are recognised. Every frame has an id, so
  // the number is no longer than a million ids per process need.
  const firstN = 1 + Math.floor(random() * 2 ** 30);
  let n = firstN - 1;
  let head: Position = epoch;

  const topics = new Map<string, TopicLog>();
  /** The monotonic time at which each topic of a family expires. */
  const expiries = new Map<string, number>();
  let sweptAt = clock.elapsed();
  let totalBytes = 0;
  const subscribers = new Set<ReadableStreamDefaultController<LogMessage>>();
  const publications = new LRUCache<string, { fingerprint: string; ids: readonly Position[] }>({
    // Sizes of 1 instead of `max`, which would allocate the room for all keys at the start.
    maxSize: MAX_IDEMPOTENCY_KEYS,
    sizeCalculation: () => 1,
    ttl: IDEMPOTENCY_KEY_MS,
    ttlResolution: 0,
    perf: { now: clock.elapsed },
  });

  function openTopicLog(topic: Topic): TopicLog {
    const existing = topics.get(topic.name);
    if (existing) return existing;
    const log = topic.kind === "state" ? new StateTopicLog() : new LogTopicLog();
    topics.set(topic.name, log);
    return log;
  }

  /** Lets a topic expire after `ttlMs`, and deletes the topics that have expired. */
  function expireAfter(name: string, ttlMs: number): void {
    const now = clock.elapsed();
    expiries.set(name, now + ttlMs);
    if (now - sweptAt < EXPIRY_SWEEP_MS) return;
    sweptAt = now;
    for (const [topicName, expiresAt] of expiries) {
      if (expiresAt > now) continue;
      expiries.delete(topicName);
      totalBytes -= topics.get(topicName)?.bytes ?? 0;
      topics.delete(topicName);
    }
  }

  /** Evicts the events of a topic that exceed the bounds. Returns the topic's log. */
  function trim(topic: Topic): TopicLog {
    const log = openTopicLog(topic);
    const { bytes } = log;
    log.trim({
      maxEvents: retainEvents,
      maxBytes: Math.max(MAX_LOG_BYTES / topics.size, bytes - (totalBytes - MAX_LOG_BYTES)),
      cutoffMs: retentionTime() - retainMs,
    });
    totalBytes += log.bytes - bytes;
    return log;
  }

  function pageOf({ events, truncatedAt }: TopicLog, part: Pick<Page, "events" | "isWhole">): Page {
    return { ...part, truncatedAt, oldestId: events[0]?.id ?? null };
  }

  function append(
    topic: Topic,
    events: readonly SerializedEvent[],
    { idempotencyKey, fence, retracts = [], cas }: AppendOptions = {},
  ): Appended {
    if (events.length > MAX_BATCH_EVENTS) {
      throw new RangeError(`Cannot append ${events.length} events together`);
    }
    if (fence && leases?.isHeld(fence) === false) return { kind: "fenced" };
    const earlier = idempotencyKey && publications.get(idempotencyKey.key);
    if (earlier) {
      const isRepeated = earlier.fingerprint === idempotencyKey.fingerprint;
      return isRepeated ? { kind: "repeated", ids: earlier.ids } : { kind: "conflict" };
    }
    const result = cas && store?.casNow(cas);
    if (result === "full") return { kind: "full" };
    if (result?.isSet === false) return { kind: "stale", current: result.current };
    if (cas && topic.family !== undefined) expireAfter(topic.name, cas.ttlMs);

    const ms = Math.max(clock.now(), parseId(head).ms);
    const log = openTopicLog(topic);
    totalBytes -= log.bytes;
    log.retract(retracts);
    const batch: Batch = events.map((serialized): StreamEvent => {
      const event = { ...serialized, id: `${ms}-${++n}`, topic: topic.name, prevId: log.lastId };
      log.add(event);
      return event;
    });
    totalBytes += log.bytes;
    trim(topic);
    const ids = batch.map(({ id }) => id);
    head = ids.at(-1) ?? head;
    if (idempotencyKey) {
      publications.set(idempotencyKey.key, { fingerprint: idempotencyKey.fingerprint, ids });
    }
    for (const subscriber of subscribers) {
      subscriber.enqueue({ kind: "published", events: batch, retracted: retracts });
    }
    return { kind: "appended", ids };
  }

  return {
    append: (topic, events, options) => Promise.try(append, topic, events, options),

    head: () => Promise.resolve(head),

    honours(cursor) {
      if (cursor === epoch) return Promise.resolve(true);
      const { n: cursorN } = parseId(cursor);
      const isOurs = cursorN >= firstN && cursorN <= n;
      const isWithin = comparePositions(epoch, cursor) < 0 && comparePositions(cursor, head) <= 0;
      return Promise.resolve(isOurs && isWithin);
    },

    after(topic, position, maxBytes) {
      const log = trim(topic);
      return Promise.resolve(pageOf(log, firstThatFit(log.events, position, maxBytes)));
    },

    latest(topic, maxBytes) {
      const log = trim(topic);
      const part = topic.kind === "state"
        ? { events: log.events, isWhole: true }
        : lastThatFit(log.events, maxBytes);
      return Promise.resolve(pageOf(log, part));
    },

    subscribe() {
      let subscriber: ReadableStreamDefaultController<LogMessage>;
      return new ReadableStream<LogMessage>({
        start(controller) {
          subscriber = controller;
          controller.enqueue({ kind: "joined", epoch, head });
          subscribers.add(controller);
        },
        cancel() {
          subscribers.delete(subscriber);
        },
      });
    },
  };
}
