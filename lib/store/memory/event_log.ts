/**
 * The event log of one isolate, which forgets everything when it stops.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Batch, LogMessage, StreamEvent } from "../../core/event.ts";
import { comparePositions, parseId, type Position } from "../../core/position.ts";
import type { Topic } from "../../core/topic.ts";
import type { Runtime } from "../../core/runtime.ts";
import {
  type Appended,
  type EventLog,
  firstThatFit,
  IDEMPOTENCY_KEY_MS,
  MAX_BATCH_EVENTS,
  type Page,
  type Retention,
  weightOf,
} from "../event_log.ts";
import type { Fence } from "../lease.ts";
import type { MemoryStore } from "./store.ts";
import { createMemoryTopicLog, type MemoryTopicLog } from "./topic_log.ts";

/** All that is kept together takes no more, in bytes. Where it would, what is written to gives way, down to an even share. */
const MAX_LOG_BYTES = 67_108_864;

/** How many publications' keys are remembered, the newest: some 20 MiB at most. */
const MAX_IDEMPOTENCY_KEYS = 50_000;

/** How often topics that have outlived their value are looked for, in milliseconds. */
const EXPIRY_SWEEP_MS = 60_000;

/** What a log in memory asks of what is kept beside it. */
export interface MemoryLogContext {
  /** Whether a lease is held by the holder of a fence. */
  readonly isHeld?: (fence: Fence) => boolean;
  readonly cas?: MemoryStore["casNow"];
}

/** Creates a log in memory. */
export function createMemoryEventLog(
  { clock, random }: Pick<Runtime, "clock" | "random">,
  { retainEvents, retainMs }: Retention,
  {
    isHeld = () => true,
    cas: swapNow = ({ next }) => ({ isSet: true, current: next }),
  }: MemoryLogContext = {},
): EventLog {
  const epoch = `${clock.now()}-0`;
  // A number of its own per process tells this log's ids from another's; 2^40 leaves 2^12 times as many to count on.
  const first = 1 + Math.floor(random() * 2 ** 40);
  let n = first - 1;
  let head: Position = epoch;

  const topics = new Map<string, MemoryTopicLog>();
  /** When topics go, in ms since the epoch: those that do. */
  const endings = new Map<string, number>();
  let sweptAt = clock.now();
  let total = 0;
  const followers = new Set<ReadableStreamDefaultController<LogMessage>>();
  const remembered = new LRUCache<string, { fingerprint: string; ids: readonly Position[] }>({
    max: MAX_IDEMPOTENCY_KEYS,
    ttl: IDEMPOTENCY_KEY_MS,
    ttlResolution: 0,
    perf: clock,
  });

  function topicOf(topic: Topic): MemoryTopicLog {
    const known = topics.get(topic.name) ?? createMemoryTopicLog(topic);
    topics.set(topic.name, known);
    return known;
  }

  /** A topic lives as long as the value it changes with. */
  function live(topic: string, ttlMs: number): void {
    const now = clock.now();
    endings.set(topic, now + ttlMs);
    if (now - sweptAt < EXPIRY_SWEEP_MS) return;
    sweptAt = now;
    for (const [name, endsAt] of endings) {
      if (endsAt > now) continue;
      endings.delete(name);
      total -= topics.get(name)?.bytes ?? 0;
      topics.delete(name);
    }
  }

  /** What is kept of a topic now. */
  function keptOf(topic: Topic): MemoryTopicLog {
    const kept = topicOf(topic);
    const { bytes } = kept;
    kept.trim({
      maxEvents: retainEvents,
      maxBytes: Math.max(MAX_LOG_BYTES / topics.size, bytes - (total - MAX_LOG_BYTES)),
      oldestMs: clock.now() - retainMs,
    });
    total += kept.bytes - bytes;
    return kept;
  }

  function pageOf(
    { events, truncatedAt: lost }: MemoryTopicLog,
    part: readonly StreamEvent[],
    isWhole: boolean,
  ): Page {
    return { events: part, isWhole, truncatedAt: lost, oldestId: events[0]?.id ?? null };
  }

  return {
    append(topic, drafts, { idempotencyKey, fence, retracts = [], cas } = {}): Promise<Appended> {
      if (drafts.length > MAX_BATCH_EVENTS) {
        return Promise.reject(new RangeError(`Cannot append ${drafts.length} events at once`));
      }
      if (fence && !isHeld(fence)) return Promise.resolve({ kind: "fenced" });
      const known = idempotencyKey && remembered.get(idempotencyKey.key);
      if (known && known.fingerprint !== idempotencyKey.fingerprint) {
        return Promise.resolve({ kind: "conflict" });
      }
      if (known) return Promise.resolve({ kind: "repeated", ids: known.ids });

      if (cas) {
        const swapped = swapNow(cas);
        if (swapped === "full") return Promise.resolve({ kind: "full" });
        if (!swapped.isSet) return Promise.resolve({ kind: "stale", current: swapped.current });
        if (topic.family !== undefined) live(topic.name, cas.ttlMs);
      }

      const ms = Math.max(clock.now(), parseId(head).ms);
      const kept = topicOf(topic);
      total -= kept.bytes;
      kept.retract(retracts);
      const batch: Batch = drafts.map((draft): StreamEvent => {
        const prev = topic.kind === "log" ? kept.lastId : null;
        const event = { ...draft, id: `${ms}-${++n}`, topic: topic.name, prevId: prev };
        kept.add(event);
        return event;
      });
      total += kept.bytes;
      keptOf(topic);
      const ids = batch.map(({ id }) => id);
      head = ids.at(-1) ?? head;
      if (idempotencyKey) {
        remembered.set(idempotencyKey.key, { fingerprint: idempotencyKey.fingerprint, ids });
      }
      const delivery: LogMessage = { kind: "published", events: batch, retracted: retracts };
      for (const follower of followers) follower.enqueue(delivery);
      return Promise.resolve({ kind: "appended", ids });
    },

    head: () => Promise.resolve(head),

    honours(cursor) {
      if (cursor === epoch) return Promise.resolve(true);
      const number = parseId(cursor).n;
      const isOurs = number >= first && number <= n;
      const isWithin = comparePositions(epoch, cursor) < 0 && comparePositions(cursor, head) <= 0;
      return Promise.resolve(isOurs && isWithin);
    },

    after(topic, position, maxBytes) {
      const kept = keptOf(topic);
      const { events } = kept;
      const { events: part, isWhole } = firstThatFit(events, position, maxBytes);
      return Promise.resolve(pageOf(kept, part, isWhole));
    },

    latest(topic, maxBytes) {
      const kept = keptOf(topic);
      const { events } = kept;
      let bytes = 0;
      const start = topic.kind === "state" ? 0 : Math.min(
        1 + events.findLastIndex((event) => (bytes += weightOf(event)) > maxBytes),
        Math.max(0, events.length - 1),
      );
      return Promise.resolve(pageOf(kept, events.slice(start), start === 0));
    },

    subscribe() {
      let own: ReadableStreamDefaultController<LogMessage>;
      return new ReadableStream<LogMessage>({
        start(controller) {
          own = controller;
          controller.enqueue({ kind: "joined", epoch, head });
          followers.add(controller);
        },
        cancel() {
          followers.delete(own);
        },
      });
    },
  };
}
