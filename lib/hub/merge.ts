/**
 * The one read everything is made of: what comes after this place, for these topics, merged by id.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { Window } from "./window.ts";

/** A topic that is followed, through its window, and what a client wants of it. */
export interface Follow {
  readonly window: Window;
  /** Only events with one of these tags, or without any; all, where null. */
  readonly tags: ReadonlySet<string> | null;
}

/** Whether an event passes a client's filter. */
export function passes(tags: ReadonlySet<string> | null, event: StreamEvent): boolean {
  return tags === null || event.tags.length === 0 || event.tags.some((tag) => tags.has(tag));
}

/** What a client is shown that the log does not have. */
export function shownTo({ window, tags }: Follow): readonly EncodedEvent[] {
  return window.shown().filter((value) => passes(tags, value));
}

/** A part of what is owed. */
export interface Reading {
  readonly events: readonly EncodedEvent[];
  /** The place that is reached when `events` have been written. */
  readonly to: Position;
  /** False where more waits between `to` and the end that was asked for. */
  readonly isWhole: boolean;
}

/** Where events come from: a window, or pages of the log in its stead. */
export type Source = (follow: Follow, after: Position) => readonly EncodedEvent[];

const fromWindow: Source = ({ window }, after) => window.after(after);

/** Reads what lies after `from` and not after `to`, at most about `maxBytes` but at least one event. */
export function readBetween(
  follows: readonly Follow[],
  from: Position,
  to: Position,
  maxBytes: number,
  source = fromWindow,
): Reading {
  const owed = follows
    .map((follow) => source(follow, from).filter((event) => passes(follow.tags, event)))
    .filter((events) => events.length > 0);
  const merged = owed.length === 1 && owed[0]
    ? owed[0]
    : owed.flat().sort((a, b) => comparePositions(a.id, b.id));

  let bytes = 0;
  const end = merged.findIndex(({ id, bytes: { byteLength } }, i) =>
    comparePositions(id, to) > 0 || ((bytes += byteLength) > maxBytes && i > 0)
  );
  if (end === -1) return { events: merged, to, isWhole: true };
  const events = merged.slice(0, end);
  const next = merged[end];
  if (!next || comparePositions(next.id, to) > 0) return { events, to, isWhole: true };
  return { events, to: events.at(-1)?.id ?? from, isWhole: false };
}

/** The bytes of several events as one chunk; those of a single one as they are. */
export function joinBytes(events: readonly EncodedEvent[]): Uint8Array<ArrayBuffer> {
  const [only] = events;
  if (only && events.length === 1) return only.bytes;
  const chunk = new Uint8Array(events.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let at = 0;
  for (const { bytes } of events) {
    chunk.set(bytes, at);
    at += bytes.byteLength;
  }
  return chunk;
}
