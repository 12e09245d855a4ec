/**
 * The one read behind snapshot, replay, hand-over, conflation and catch-up: the events after a position, of several topics,
 * merged by id.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { EncodedEvent, Frame } from "../wire/sse.ts";
import type { Part, TopicReader } from "./replay.ts";

/** A topic that a client requests, and its filter. */
export interface TopicFilter {
  readonly topic: Topic;
  /** Events pass that have one of these tags, or none. Null lets all events pass. Unique and sorted. */
  readonly tags: readonly string[] | null;
}

/** A topic to which a broadcast group subscribes, and its filter. */
export interface Subscribed {
  readonly reader: TopicReader;
  readonly tags: ReadonlySet<string> | null;
}

/** A topic whose oldest events the log no longer retains. */
export interface Truncation {
  readonly topic: string;
  /** The newest id that is no longer retained. */
  readonly truncatedAt: Position;
  /** The oldest id that is retained: null if none is. */
  readonly oldestId: Position | null;
}

/** The merged events between two positions. */
export interface Merged {
  /** Oldest first. */
  readonly events: readonly EncodedEvent[];
  /** The position that a client has reached once it has received `events`. */
  readonly to: Position;
  /** False if more events lie between `to` and the end that was requested. */
  readonly isWhole: boolean;
  /** The topics of which the log has lost events after the start. */
  readonly truncations: readonly Truncation[];
}

/** Returns whether an event passes a filter. */
export function passes(tags: ReadonlySet<string> | null, event: StreamEvent): boolean {
  return tags === null || event.tags.length === 0 || event.tags.some((tag) => tags.has(tag));
}

/** Returns whether a window lacks something after a position. */
export function isBehind(topics: readonly Subscribed[], position: Position): boolean {
  return topics.some(({ reader }) => reader.isBehind(position));
}

/**
 * Merges the events after `from`, up to `to`: at most about `maxBytes`, and at least one event if there is one. Reads the
 * windows, none of which may be behind `from`.
 */
export function mergeWindows(
  topics: readonly Subscribed[],
  from: Position,
  to: Position,
  maxBytes: number,
): Merged {
  return mergeParts(
    topics,
    topics.map(({ reader }) => reader.windowAfter(from)),
    from,
    to,
    maxBytes,
  );
}

/**
 * Merges the events after `from`, up to `to`, as {@linkcode mergeWindows} does, and reads pages of the log where windows are
 * behind. Rejects with a `StoreUnavailable` if the log does not answer, or another log answers.
 */
export async function mergeReplay(
  topics: readonly Subscribed[],
  from: Position,
  to: Position,
  maxBytes: number,
): Promise<Merged> {
  const pages = new Map<TopicReader, Part>();
  for (;;) {
    const behind = topics.map(({ reader }) => reader)
      .filter((reader) => !pages.has(reader) && reader.isBehind(from));
    if (behind.length === 0) break;
    // More windows may move past `from` meanwhile: then the log is read for these too.
    const read = await Promise.all(behind.map((reader) => reader.pageAfter(from)));
    behind.forEach((reader, i) => {
      const page = read[i];
      if (page) pages.set(reader, page);
    });
  }
  const parts = topics.map(({ reader }) => {
    const page = pages.get(reader);
    return page ? reader.withoutRetracted(page) : reader.windowAfter(from);
  });
  return mergeParts(topics, parts, from, to, maxBytes);
}

function mergeParts(
  topics: readonly Subscribed[],
  parts: readonly Part[],
  from: Position,
  to: Position,
  maxBytes: number,
): Merged {
  const truncations: Truncation[] = [];
  const lists: (readonly EncodedEvent[])[] = [];
  let end = to;
  for (const [i, { events, upTo, truncatedAt, oldestId }] of parts.entries()) {
    const { reader, tags = null } = topics[i] ?? {};
    const passing = events.filter((event) => passes(tags, event));
    if (passing.length > 0) lists.push(passing);
    if (comparePositions(upTo, end) < 0) end = upTo;
    if (reader && truncatedAt !== null && comparePositions(truncatedAt, from) > 0) {
      truncations.push({ topic: reader.window.topic.name, truncatedAt, oldestId });
    }
  }
  const [only, ...more] = lists;
  const merged = only && more.length === 0
    ? only
    : lists.flat().sort((a, b) => comparePositions(a.id, b.id));

  let bytes = 0;
  let count = 0;
  let isWhole = true;
  for (const event of merged) {
    if (comparePositions(event.id, end) > 0) break;
    bytes += event.bytes.byteLength;
    if (bytes > maxBytes && count > 0) {
      isWhole = false;
      break;
    }
    count++;
  }
  const events = count === merged.length ? merged : merged.slice(0, count);
  return { events, to: isWhole ? end : events.at(-1)?.id ?? from, isWhole, truncations };
}

/** Creates the frames with which topics open for a client without a cursor. */
export function snapshotFrames(topics: readonly Subscribed[]): Frame[] {
  return topics.flatMap(({ reader: { window }, tags }) => {
    const { open } = window.topic;
    const opening = open?.(window.values().filter((event) => passes(tags, event)), tags);
    return opening ? [{ event: opening.type, data: opening.json }] : [];
  });
}

/** Joins the bytes of events into one chunk. The bytes of a single event are used unchanged. */
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
