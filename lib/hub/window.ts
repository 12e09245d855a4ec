/**
 * What this isolate remembers of one topic.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePlaces, firstAfter, partsOf, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import type { Page } from "../store/event_log.ts";
import { createStateWindow } from "./state_window.ts";

/**
 * The recent past of a topic, encoded. Clients do not queue events, they hold a place in here: on a state topic the
 * newest event of each key, on a log topic the last ones.
 */
export interface Window {
  readonly topic: Topic;
  /** Everything after this place is in here. Null where nothing is missing at all. */
  readonly lost: Place | null;
  /** Takes in what was published. On a state topic it replaces the older event of its key. */
  add(events: readonly EncodedEvent[], retracted: readonly Place[]): void;
  /** Forgets everything: what comes in from now on comes after `place`. */
  reset(place: Place): void;
  /** Puts what the log kept before `place`, where it was reset to, in front of what has come since. */
  fill(page: Page, place: Place): void;
  /** All events after a place, oldest first. */
  after(place: Place): readonly EncodedEvent[];
  /** All that is in here: on a state topic the newest value of each key. */
  values(): readonly StreamEvent[];
  /** State topics: shows values the log does not have, until it has newer ones. */
  show(values: readonly EncodedEvent[]): void;
  /** State topics: the values shown that the log does not have. */
  shown(): readonly EncodedEvent[];
  /** Lets go of what is older than `ms` since the epoch. */
  trim(ms: number): void;
}

/** How much a window holds. Bytes are those of the encoded events. */
export interface WindowBounds {
  readonly maxEvents: number;
  readonly maxBytes: () => number;
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

  function set(all: EncodedEvent[]): void {
    events = all;
    bytes = all.reduce((sum, event) => sum + event.bytes.byteLength, 0);
  }

  return {
    topic,
    get lost() {
      return lost;
    },
    add(more, retracted) {
      if (retracted.length > 0) set(events.filter(({ id }) => !retracted.includes(id)));
      for (const event of more) {
        events.push(event);
        bytes += event.bytes.byteLength;
      }
      bound();
    },
    reset(place) {
      set([]);
      lost = place;
    },
    fill(page, place) {
      if (lost !== place) return; // what has come since fills the window alone
      const before = page.events.filter(({ id }) => comparePlaces(id, place) <= 0).map(encodeEvent);
      const from = (before[0] ?? page.events[0])?.prev ?? page.lost;
      if (from === null || comparePlaces(from, place) < 0) lost = from;
      set([...before, ...events]);
      bound();
    },
    after: (place) => events.slice(firstAfter(events, place)),
    values: () => events,
    show() {},
    shown: () => [],
    trim(ms) {
      const fresh = events.findIndex(({ id }) => partsOf(id).ms >= ms);
      drop(fresh === -1 ? events.length : fresh);
    },
  };
}

/** Creates an empty window, to which what comes after `place` is added. */
export function createWindow(topic: Topic, bounds: WindowBounds, place: Place): Window {
  const window = topic.kind === "state" ? createStateWindow(topic) : createLogWindow(topic, bounds);
  window.reset(place);
  return window;
}
