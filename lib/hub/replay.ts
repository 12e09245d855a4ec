/**
 * Reads what has left the windows and is still in the log.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import { comparePositions, lowerBound, ORIGIN, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { EventLog, Page } from "../store/event_log.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import { type Follow, readBetween, type Reading } from "./merge.ts";

/** The most that is read from the log at once, in bytes. */
const PAGE_BYTES = 262_144;

/** Pages are kept for others who come the same way: at most so many bytes of them, for so many milliseconds. */
const KEPT_BYTES = 8_388_608;
const KEPT_MS = 5000;

/** A page of the log, encoded. */
export interface EncodedPage extends Page {
  readonly events: readonly EncodedEvent[];
  /** It tells all there is after this place … */
  readonly from: Position;
  /** … up to this one. */
  readonly upTo: Position;
}

/** A topic of which something is gone. */
export interface Loss {
  readonly topic: string;
  /** The newest id that is no longer kept. */
  readonly lost: Position;
  /** The oldest id kept, null where nothing is. */
  readonly oldest: Position | null;
}

/** Reads the log for clients that stand behind the windows. */
export interface LogReader {
  /** What follows a place on one topic. Clients that need the same page share it. Rejects with {@linkcode StoreAway}. */
  page(topic: Topic, from: Position): Promise<EncodedPage>;
  /** Something was published on a topic: what the log has lost since is not known any more. */
  forget(topic: string): void;
  /** It may be another log. */
  forgetAll(): void;
  /**
   * What lies between two places on several topics.
   *
   * @param told Up to here it is known what is gone, by topic.
   * @returns What is gone instead, where the log no longer reaches back to `from`, or to what was told.
   * Rejects with {@linkcode StoreAway} also where another log answers.
   */
  read(
    follows: readonly Follow[],
    from: Position,
    to: Position,
    maxBytes: number,
    told: ReadonlyMap<string, Position>,
  ): Promise<Reading | readonly Loss[]>;
}

/** Whether something after a place has left a topic's window. */
export function isBehind({ window: { lost } }: Follow, position: Position): boolean {
  return lost !== null && comparePositions(lost, position) > 0;
}

/** What a log reader stands on. */
export interface LogReaderContext {
  readonly clock: Clock;
  readonly log: Pick<EventLog, "after">;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Position;
  /** Whether the log is known not to answer: nothing is asked of it then. */
  readonly isAway: () => boolean;
}

/** Somebody who waits for a page. */
interface Asked {
  readonly from: Position;
  readonly resolve: (page: EncodedPage) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Whether a page tells what follows a place, and be it that nothing does. */
function tells({ from, upTo, isWhole }: EncodedPage, position: Position): boolean {
  const end = comparePositions(position, upTo);
  return comparePositions(from, position) <= 0 && (end < 0 || (end === 0 && isWhole));
}

/**
 * Whether a page lacks what this isolate has received, and does not say that it is gone: then it is of another log, of which
 * we have not heard yet. What was retracted a moment ago looks the same, until we hear of that. On a state topic a newer
 * value of its key may stand in its place.
 */
function isForeign(
  { window }: Follow,
  { from, upTo, events, truncatedAt: lost }: EncodedPage,
): boolean {
  const newest = window.after(from).findLast(({ id }) => comparePositions(id, upTo) <= 0)?.id;
  if (newest === undefined || comparePositions(newest, lost ?? ORIGIN) <= 0) return false;
  if (window.topic.kind === "log") return !events.some(({ id }) => id === newest);
  return comparePositions(newest, events.at(-1)?.id ?? ORIGIN) > 0;
}

/** Creates a reader of a log. */
export function createLogReader({ clock, log, head, isAway }: LogReaderContext): LogReader {
  const asking = new Map<string, Asked[]>();
  const kept = new LRUCache<string, EncodedPage>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ events }) => 1 + events.reduce((sum, { bytes }) => sum + bytes.length, 0),
    ttl: KEPT_MS,
    ttlResolution: 0,
    perf: clock,
  });

  async function load(topic: Topic, from: Position): Promise<EncodedPage> {
    const asOf = head(); // what comes while it is read may be missing
    const page = await log.after(topic, from, PAGE_BYTES);
    const upTo = page.isWhole ? asOf : page.events.at(-1)?.id ?? from;
    const encoded = { ...page, from, upTo, events: page.events.map(encodeEvent) };
    if (asOf === head()) kept.set(`${topic.name} ${from}`, encoded);
    return encoded;
  }

  /** Reads for all who ask, from the earliest place on: a wave of clients with places of their own costs one read a page. */
  async function serve(topic: Topic, asked: Asked[]): Promise<void> {
    await Promise.resolve(); // for those who ask in the same turn
    while (asked.length > 0) {
      asked.sort((a, b) => comparePositions(a.from, b.from));
      const [first] = asked;
      if (!first) break;
      try {
        const page = await load(topic, first.from);
        const left = asked.filter((each) => {
          if (each !== first && !tells(page, each.from)) return true;
          each.resolve(page);
          return false;
        });
        asked.splice(0, asked.length, ...left);
      } catch (thrown) {
        for (const each of asked.splice(0)) each.reject(thrown);
      }
    }
    asking.delete(topic.name);
  }

  function keptKeys(prefix: string): string[] {
    return [...kept.keys()].filter((key) => key.startsWith(prefix));
  }

  return {
    page(topic, from) {
      const known = keptKeys(`${topic.name} `).map((key) => kept.get(key))
        .find((page) => page && tells(page, from));
      if (known) return Promise.resolve(known);
      if (isAway()) return Promise.reject(new StoreUnavailable());
      const { promise, resolve, reject } = Promise.withResolvers<EncodedPage>();
      const others = asking.get(topic.name);
      const asked = others ?? [];
      asked.push({ from, resolve, reject });
      if (!others) {
        asking.set(topic.name, asked);
        void serve(topic, asked);
      }
      return promise;
    },
    forget(topic) {
      if (kept.size === 0) return;
      for (const key of keptKeys(`${topic} `)) kept.delete(key);
    },
    forgetAll: () => kept.clear(),
    async read(follows, from, to, maxBytes, told) {
      const pages = new Map<string, EncodedPage>();
      // More windows may move past the place while pages are read.
      for (;;) {
        const topics = follows.filter((follow) => isBehind(follow, from))
          .map(({ window }) => window.topic)
          .filter(({ name }) => !pages.has(name));
        if (topics.length === 0) break;
        const loaded = await Promise.all(topics.map((topic) => this.page(topic, from)));
        loaded.forEach((each, i) => pages.set(topics[i]?.name ?? "", each));
      }

      for (const follow of follows) {
        const page = pages.get(follow.window.topic.name);
        if (page && isForeign(follow, page)) throw new StoreUnavailable();
      }

      const losses: Loss[] = [];
      let end = to;
      for (const [topic, { truncatedAt: lost, oldestId: oldest, upTo }] of pages) {
        const known = told.get(topic) ?? from;
        const reach = comparePositions(known, from) > 0 ? known : from;
        if (lost !== null && comparePositions(lost, reach) > 0) {
          losses.push({ topic, lost, oldest });
        }
        if (comparePositions(upTo, end) < 0) end = upTo;
      }
      if (losses.length > 0) return losses;
      return readBetween(follows, from, end, maxBytes, ({ window }, position) => {
        const events = pages.get(window.topic.name)?.events;
        if (!events) return window.after(position);
        return events.slice(lowerBound(events, position)).filter((event) => !window.hides(event));
      });
    },
  };
}
