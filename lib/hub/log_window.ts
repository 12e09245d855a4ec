/**
 * The window of a log topic: its last events.
 *
 * @module
 */
import { evictOldest } from "../core/evict.ts";
import { comparePositions, lowerBound, parseId, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import type { Window, WindowBounds } from "./window.ts";

/** Creates an empty window of a log topic. */
export function createLogWindow(topic: Topic, { maxEvents, maxBytes }: WindowBounds): Window {
  let events: EncodedEvent[] = [];
  let bytes = 0;
  let lost: Position | null = null;

  function onGone(event: EncodedEvent): void {
    bytes -= event.bytes.byteLength;
    lost = event.id;
  }

  function bound(): void {
    const limit = maxBytes();
    evictOldest(events, (_, left) => left > maxEvents || (bytes > limit && left > 1), onGone);
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
    get end() {
      const last = events.at(-1);
      return last && topic.terminalTypes?.includes(last.type) ? last.id : null;
    },
    add(more) {
      for (const event of more) {
        events.push(event);
        bytes += event.bytes.byteLength;
      }
      bound();
    },
    retract(ids) {
      set(events.filter(({ id }) => !ids.includes(id)));
    },
    reset(position) {
      set([]);
      lost = position;
    },
    fill(page, position) {
      if (lost !== position) return; // what has come since fills the window alone
      const before = page.events.filter(({ id }) => comparePositions(id, position) <= 0).map(
        encodeEvent,
      );
      const from = (before[0] ?? page.events[0])?.prevId ?? page.truncatedAt;
      if (from === null || comparePositions(from, position) < 0) lost = from;
      set([...before, ...events]);
      bound();
    },
    after: (position) => events.slice(lowerBound(events, position)),
    values: () => events,
    show: () => [],
    shown: () => [],
    hides: () => false,
    trim(ms) {
      evictOldest(events, ({ id }) => parseId(id).ms < ms, onGone);
    },
  };
}
