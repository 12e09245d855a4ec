/**
 * The window of a state topic: the newest event of each key.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, lowerBound, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import type { Window } from "./window.ts";

/** Creates an empty window of a state topic. */
export function createStateWindow(topic: Topic): Window {
  // In the order of their ids: an event that is replaced goes to the end.
  const newest = new Map<string, EncodedEvent>();
  // What the log does not have lies beside it, by key, and hides older values of the log.
  const beside = new Map<string, EncodedEvent>();
  let lost: Position | null = null;

  function put(event: EncodedEvent): void {
    newest.delete(event.key);
    newest.set(event.key, event);
    if (!hides(event)) beside.delete(event.key);
  }

  function hides(event: StreamEvent): boolean {
    const other = beside.get(event.key);
    return other !== undefined && topic.outdates?.(event, other) === false;
  }

  function visible(): EncodedEvent[] {
    const all = [...newest.values()];
    return beside.size === 0 ? all : all.filter(({ key }) => !beside.has(key));
  }

  return {
    topic,
    get lost() {
      return lost;
    },
    end: null,
    add(events) {
      events.forEach(put);
    },
    retract() {},
    reset(position) {
      newest.clear();
      lost = position;
    },
    fill(page) {
      const before = page.events.filter(({ id, key }) => {
        const since = newest.get(key);
        return !since || comparePositions(since.id, id) < 0;
      });
      const keys = new Set(before.map(({ key }) => key));
      const since = [...newest.values()].filter(({ key }) => !keys.has(key));
      newest.clear();
      [...before.map(encodeEvent), ...since].sort((a, b) => comparePositions(a.id, b.id)).forEach(
        put,
      );
      lost = null;
    },
    after(position) {
      const all = visible();
      return all.slice(lowerBound(all, position));
    },
    values: () => [...visible(), ...beside.values()],
    show(values) {
      const fresh = values.filter((value) => {
        const logged = newest.get(value.key);
        return !logged || !topic.outdates?.(logged, value);
      });
      for (const value of fresh) beside.set(value.key, value);
      return fresh;
    },
    shown: () => [...beside.values()],
    hides,
    trim() {},
  };
}
