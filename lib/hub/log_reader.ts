/**
 * Reads what has left the windows and is still in the log.
 *
 * @module
 */
import { comparePlaces, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import type { EventLog, Page } from "../store/event_log.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import { type Follow, readBetween, type Reading } from "./read.ts";

/** The most that is read from the log at once, in bytes. */
const PAGE_BYTES = 262_144;

/** A page of the log, encoded. */
export interface EncodedPage extends Page {
  readonly events: readonly EncodedEvent[];
  /** The place up to which it tells all there is. */
  readonly upTo: Place;
}

/** Reads the log for clients that stand behind the windows. */
export interface LogReader {
  /** What follows a place on one topic. Clients that wait for the same page share it. */
  page(topic: Topic, from: Place): Promise<EncodedPage>;
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

/** Creates a reader of a log. @param head The place of the newest event this isolate has received. */
export function createLogReader(log: EventLog, head: () => Place): LogReader {
  const underWay = new Map<string, Promise<EncodedPage>>();

  async function load(topic: Topic, from: Place): Promise<EncodedPage> {
    const asOf = head(); // whatever comes while it is read may be missing
    const page = await log.after(topic, from, PAGE_BYTES);
    const upTo = page.isWhole ? asOf : page.events.at(-1)?.id ?? from;
    return { ...page, upTo, events: page.events.map(encodeEvent) };
  }

  function page(topic: Topic, from: Place): Promise<EncodedPage> {
    const key = `${from} ${topic.name}`;
    const shared = underWay.get(key) ?? load(topic, from).finally(() => underWay.delete(key));
    underWay.set(key, shared);
    return shared;
  }

  return {
    page,
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
      return readBetween(
        follows,
        from,
        end,
        maxBytes,
        ({ window }, place) => pages.get(window.topic.name)?.events ?? window.after(place),
      );
    },
  };
}
