/**
 * Reads what has left the windows and is still in the log.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import { comparePlaces, firstAfter, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import type { EventLog, Page } from "../store/event_log.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import { type Follow, readBetween, type Reading } from "./read.ts";

/** The most that is read from the log at once, in bytes. */
const PAGE_BYTES = 262_144;

/** Pages are kept for others who come the same way: at most so many bytes of them, for so many milliseconds. */
const KEPT_BYTES = 8_388_608;
const KEPT_MS = 5000;

/** A page of the log, encoded. */
export interface EncodedPage extends Page {
  readonly events: readonly EncodedEvent[];
  /** It tells all there is after this place … */
  readonly from: Place;
  /** … up to this one. */
  readonly upTo: Place;
}

/** Reads the log for clients that stand behind the windows. */
export interface LogReader {
  /** What follows a place on one topic. Clients that need the same page share it. */
  page(topic: Topic, from: Place): Promise<EncodedPage>;
  /** Something was published on a topic: what the log has lost since is not known any more. */
  forget(topic: string): void;
  /**
   * What lies between two places on several topics.
   *
   * @param told Up to here it is known what is gone, by topic.
   * @returns Null where the log no longer reaches back to `from`, or to what was told.
   */
  read(
    follows: readonly Follow[],
    from: Place,
    to: Place,
    maxBytes: number,
    told: ReadonlyMap<string, Place>,
  ): Promise<Reading | null>;
}

/** Whether something after a place has left a topic's window. */
export function isBehind({ window: { lost } }: Follow, place: Place): boolean {
  return lost !== null && comparePlaces(lost, place) > 0;
}

/** What a log reader stands on. */
export interface LogReaderContext {
  readonly clock: Clock;
  readonly log: Pick<EventLog, "after">;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Place;
}

/** Creates a reader of a log. */
export function createLogReader({ clock, log, head }: LogReaderContext): LogReader {
  const underWay = new Map<string, Promise<EncodedPage>>();
  const kept = new LRUCache<string, EncodedPage>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ events }) => 1 + events.reduce((sum, { bytes }) => sum + bytes.length, 0),
    ttl: KEPT_MS,
    ttlResolution: 0,
    perf: clock,
  });

  async function load(topic: Topic, from: Place, key: string): Promise<EncodedPage> {
    const asOf = head(); // what comes while it is read may be missing
    const page = await log.after(topic, from, PAGE_BYTES);
    const upTo = page.isWhole ? asOf : page.events.at(-1)?.id ?? from;
    const encoded = { ...page, from, upTo, events: page.events.map(encodeEvent) };
    if (asOf === head()) kept.set(key, encoded);
    return encoded;
  }

  function keptKeys(prefix: string): string[] {
    return [...kept.keys()].filter((key) => key.startsWith(prefix));
  }

  /** A page that was read already and tells what follows a place. */
  function keptPage(prefix: string, from: Place): EncodedPage | undefined {
    return keptKeys(prefix).map((key) => kept.get(key)).find((page) =>
      page && comparePlaces(page.from, from) <= 0 && comparePlaces(from, page.upTo) < 0
    );
  }

  function page(topic: Topic, from: Place): Promise<EncodedPage> {
    const prefix = `${topic.name} `;
    const known = keptPage(prefix, from);
    if (known) return Promise.resolve(known);
    const key = prefix + from;
    const shared = underWay.get(key) ?? load(topic, from, key).finally(() => underWay.delete(key));
    underWay.set(key, shared);
    return shared;
  }

  return {
    page,
    forget(topic) {
      if (kept.size === 0) return;
      for (const key of keptKeys(`${topic} `)) kept.delete(key);
    },
    async read(follows, from, to, maxBytes, told) {
      const pages = new Map<string, EncodedPage>();
      // More windows may move past the place while pages are read.
      for (;;) {
        const topics = follows.filter((follow) => isBehind(follow, from))
          .map(({ window }) => window.topic)
          .filter(({ name }) => !pages.has(name));
        if (topics.length === 0) break;
        const loaded = await Promise.all(topics.map((topic) => page(topic, from)));
        loaded.forEach((each, i) => pages.set(topics[i]?.name ?? "", each));
      }

      let end = to;
      for (const [name, { lost, upTo }] of pages) {
        const known = told.get(name) ?? from;
        const reach = comparePlaces(known, from) > 0 ? known : from;
        if (lost !== null && comparePlaces(lost, reach) > 0) return null;
        if (comparePlaces(upTo, end) < 0) end = upTo;
      }
      return readBetween(follows, from, end, maxBytes, ({ window }, place) => {
        const events = pages.get(window.topic.name)?.events;
        return events ? events.slice(firstAfter(events, place)) : window.after(place);
      });
    },
  };
}
