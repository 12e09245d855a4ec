/**
 * The event log of one isolate, which forgets everything when it stops.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Batch, Draft, StreamEvent } from "../core/event.ts";
import { comparePlaces, partsOf, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import type { World } from "../core/world.ts";
import { type Appended, type EventLog, type Once, type Page, weightOf } from "./event_log.ts";

/** What the log keeps of a log topic. State topics keep the newest event of each key. */
export interface Retention {
  readonly retainEvents: number;
  readonly retainMs: number;
}

/** How long a publication's key is remembered, in milliseconds: the contract's 24 hours. */
const ONCE_MS = 86_400_000;

/** How many publications' keys are remembered: bounds the memory they take to a few MiB. */
const ONCE_KEYS = 10_000;

/** What is kept of one topic. */
interface Kept {
  /** Oldest first. */
  events: StreamEvent[];
  lost: Place | null;
}

/** Creates a log in memory. */
export function createMemoryEventLog(
  { clock, random }: Pick<World, "clock" | "random">,
  { retainEvents, retainMs }: Retention,
): EventLog {
  const birth = `${clock.now()}-0`;
  // A number of its own per process tells this log's ids from another's; 2^40 leaves 2^12 times as many to count on.
  const first = 1 + Math.floor(random() * 2 ** 40);
  let n = first - 1;
  let head: Place = birth;

  const topics = new Map<string, Kept>();
  const followers = new Set<ReadableStreamDefaultController<Batch>>();
  const remembered = new LRUCache<string, { fingerprint: string; ids: readonly Place[] }>({
    max: ONCE_KEYS,
    ttl: ONCE_MS,
    ttlResolution: 0,
    perf: clock,
  });

  function keptOf(topic: Topic): Kept {
    const kept = topics.get(topic.name) ?? { events: [], lost: null };
    topics.set(topic.name, kept);
    if (topic.kind === "log") trim(kept);
    return kept;
  }

  function trim(kept: Kept): void {
    const oldestMs = clock.now() - retainMs;
    const fresh = kept.events.findIndex(({ id }) => partsOf(id).ms >= oldestMs);
    const aged = fresh === -1 ? kept.events.length : fresh;
    const gone = kept.events.splice(0, Math.max(aged, kept.events.length - retainEvents));
    kept.lost = gone.at(-1)?.id ?? kept.lost;
  }

  function take(topic: Topic, draft: Draft, ms: number): StreamEvent {
    const kept = keptOf(topic);
    const prev = topic.kind === "log" ? kept.events.at(-1)?.id ?? kept.lost : null;
    const event: StreamEvent = { ...draft, id: `${ms}-${++n}`, topic: topic.name, prev };
    if (topic.kind === "state") kept.events = kept.events.filter(({ key }) => key !== draft.key);
    kept.events.push(event);
    return event;
  }

  function pageOf(kept: Kept, events: Batch, isWhole: boolean): Page {
    return { events, isWhole, lost: kept.lost, oldest: kept.events[0]?.id ?? null };
  }

  return {
    append(topic, drafts, once?: Once): Promise<Appended> {
      const known = once && remembered.get(once.key);
      if (known && known.fingerprint !== once.fingerprint) {
        return Promise.resolve({ kind: "conflict" });
      }
      if (known) return Promise.resolve({ kind: "repeated", ids: known.ids });

      const ms = Math.max(clock.now(), partsOf(head).ms);
      const batch = drafts.map((draft) => take(topic, draft, ms));
      const ids = batch.map(({ id }) => id);
      head = ids.at(-1) ?? head;
      if (topic.kind === "log") keptOf(topic);
      if (once) remembered.set(once.key, { fingerprint: once.fingerprint, ids });
      for (const follower of followers) follower.enqueue(batch);
      return Promise.resolve({ kind: "appended", ids });
    },

    head: () => Promise.resolve(head),

    honours(cursor) {
      if (cursor === birth) return Promise.resolve(true);
      const number = partsOf(cursor).n;
      const isOurs = number >= first && number <= n;
      const isWithin = comparePlaces(birth, cursor) < 0 && comparePlaces(cursor, head) <= 0;
      return Promise.resolve(isOurs && isWithin);
    },

    after(topic, place, maxBytes) {
      const kept = keptOf(topic);
      const later = kept.events.filter(({ id }) => comparePlaces(id, place) > 0);
      let bytes = 0;
      const end = later.findIndex((event, i) => (bytes += weightOf(event)) > maxBytes && i > 0);
      return Promise.resolve(pageOf(kept, end < 0 ? later : later.slice(0, end), end < 0));
    },

    latest(topic, maxBytes) {
      const kept = keptOf(topic);
      let bytes = 0;
      const last = kept.events.length - 1;
      const start = topic.kind === "state" ? 0 : 1 +
        kept.events.findLastIndex((event, i) => (bytes += weightOf(event)) > maxBytes && i < last);
      return Promise.resolve(pageOf(kept, kept.events.slice(start), start === 0));
    },

    follow() {
      let own: ReadableStreamDefaultController<Batch>;
      return new ReadableStream<Batch>({
        start(controller) {
          own = controller;
          followers.add(controller);
        },
        cancel() {
          followers.delete(own);
        },
      });
    },
  };
}
