/**
 * What the memory log keeps of one topic.
 *
 * @module
 */
import { evictOldest } from "../../core/evict.ts";
import { parseId, type Position } from "../../core/position.ts";
import type { StreamEvent } from "../../core/event.ts";
import type { Topic } from "../../core/topic.ts";
import { weightOf } from "../event_log.ts";

/** What is kept: of a state topic the newest event of each key, of a log topic the last ones. */
export interface MemoryTopicLog {
  /** Oldest first. */
  readonly events: readonly StreamEvent[];
  /** The newest id that is no longer kept, null where nothing was ever lost, as on state topics. */
  readonly truncatedAt: Position | null;
  /** Log topics: the id the next event names as the one before it. */
  readonly lastId: Position | null;
  /** Log topics: what is kept, in bytes. */
  readonly bytes: number;
  add(event: StreamEvent): void;
  /** Log topics: takes events back. Who came after one of them names the one before it instead. */
  retract(ids: readonly Position[]): void;
  /** Lets go of what exceeds the bounds of a log topic. The last event stays, unless it is too old. */
  trim(bounds: TopicBounds): void;
}

/** How much of a log topic is kept. */
export interface TopicBounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** In ms since the epoch: what is older goes. */
  readonly oldestMs: number;
}

function createStateTopic(): MemoryTopicLog {
  // In the order of their ids: an event that is replaced goes to the end.
  const newest = new Map<string, StreamEvent>();
  return {
    get events() {
      return [...newest.values()];
    },
    truncatedAt: null,
    lastId: null,
    bytes: 0,
    add(event) {
      newest.delete(event.key);
      newest.set(event.key, event);
    },
    retract() {},
    trim() {},
  };
}

function createLogTopic(): MemoryTopicLog {
  const events: StreamEvent[] = [];
  let bytes = 0;
  let lost: Position | null = null;
  return {
    events,
    get truncatedAt() {
      return lost;
    },
    get lastId() {
      return events.at(-1)?.id ?? lost;
    },
    get bytes() {
      return bytes;
    },
    add(event) {
      events.push(event);
      bytes += weightOf(event);
    },
    retract(ids) {
      for (const id of ids) {
        const at = events.findIndex((event) => event.id === id);
        const [gone] = at === -1 ? [] : events.splice(at, 1);
        const next = events[at];
        if (gone) bytes -= weightOf(gone);
        if (gone && next) events[at] = { ...next, prevId: gone.prevId };
      }
    },
    trim({ maxEvents: mostEvents, maxBytes: mostBytes, oldestMs }) {
      evictOldest(
        events,
        ({ id }, left) => {
          const isExcess = left > mostEvents || (bytes > mostBytes && left > 1);
          return isExcess || parseId(id).ms < oldestMs;
        },
        (event) => {
          bytes -= weightOf(event);
          lost = event.id;
        },
      );
    },
  };
}

/** Creates what is kept of a topic: nothing yet. */
export function createMemoryTopicLog({ kind }: Topic): MemoryTopicLog {
  return kind === "state" ? createStateTopic() : createLogTopic();
}
