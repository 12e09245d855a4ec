/**
 * What this isolate remembers of one topic.
 *
 * @module
 */
import { comparePlaces, firstAfter, partsOf, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import type { Page } from "../store/event_log.ts";

/**
 * The recent past of a topic, encoded. Clients do not queue events, they hold a place in here: on a state topic the
 * newest event of each key, on a log topic the last ones.
 */
export interface Window {
  readonly topic: Topic;
  /** Log topics: everything after this place is in here. Null where nothing is missing at all. */
  readonly lost: Place | null;
  /** Takes in what was published. On a state topic it replaces the older event of its key. */
  add(events: readonly EncodedEvent[]): void;
  /** Puts what the log kept before `place` in front of what has come since. */
  fill(page: Page, place: Place): void;
  /** All events after a place, oldest first; all there are, without one. */
  after(place?: Place): readonly EncodedEvent[];
  /** Lets go of what is older than `ms` since the epoch. */
  trim(ms: number): void;
}

/** How much a window holds. Bytes are those of the encoded events. */
export interface WindowBounds {
  readonly maxEvents: number;
  readonly maxBytes: () => number;
}

function createStateWindow(topic: Topic): Window {
  // In the order of their ids: an event that is replaced goes to the end.
  const newest = new Map<string, EncodedEvent>();

  function add(events: readonly EncodedEvent[]): void {
    for (const event of events) {
      newest.delete(event.key);
      newest.set(event.key, event);
    }
  }

  return {
    topic,
    lost: null,
    add,
    fill(page, place) {
      const since = [...newest.values()];
      const before = page.events.filter(({ id, key }) =>
        comparePlaces(id, place) <= 0 && !newest.has(key)
      );
      newest.clear();
      add(before.map(encodeEvent));
      add(since);
    },
    after(place) {
      const all = [...newest.values()];
      return place === undefined ? all : all.slice(firstAfter(all, place));
    },
    trim() {},
  };
}

function createLogWindow(topic: Topic, { maxEvents, maxBytes }: WindowBounds): Window {
  let events: EncodedEvent[] = [];
  let bytes = 0;
  let lost: Place | null = null;

  function drop(count: number): void {
    for (const event of events.splice(0, count)) {
      bytes -= event.bytes.byteLength;
      lost = event.id;
    }
  }

  function bound(): void {
    const limit = maxBytes();
    let [count, kept] = [0, bytes];
    while (events.length - count > maxEvents || (kept > limit && events.length - count > 1)) {
      kept -= events[count]?.bytes.byteLength ?? 0;
      count++;
    }
    drop(count);
  }

  return {
    topic,
    get lost() {
      return lost;
    },
    add(more) {
      for (const event of more) {
        events.push(event);
        bytes += event.bytes.byteLength;
      }
      bound();
    },
    fill(page, place) {
      if (lost !== null) return; // what has come since fills the window alone
      const before = page.events.filter(({ id }) => comparePlaces(id, place) <= 0).map(encodeEvent);
      lost = (before[0] ?? page.events[0])?.prev ?? page.lost;
      events = [...before, ...events];
      bytes = events.reduce((sum, event) => sum + event.bytes.byteLength, 0);
      bound();
    },
    after: (place) => place === undefined ? events : events.slice(firstAfter(events, place)),
    trim(ms) {
      const fresh = events.findIndex(({ id }) => partsOf(id).ms >= ms);
      drop(fresh === -1 ? events.length : fresh);
    },
  };
}

/** Creates an empty window. */
export function createWindow(topic: Topic, bounds: WindowBounds): Window {
  return topic.kind === "state" ? createStateWindow(topic) : createLogWindow(topic, bounds);
}
