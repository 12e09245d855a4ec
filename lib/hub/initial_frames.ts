/**
 * What a stream opens with.
 *
 * @module
 */
import { comparePositions, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";
import { isBehind, type LogReader } from "./replay.ts";
import { type Follow, passes, shownTo } from "./merge.ts";

/** An opening is one chunk up to this size, in bytes; above, whole frames follow each other. */
const OPENING_BYTES = 65_536;

/** The data of a `gap`: which topic lacks something, since when, and what is there again. */
export interface Gap {
  readonly topic: string;
  /** The cursor, null where it was not honoured. */
  readonly after: Position | null;
  /** The oldest id kept, null where nothing is. */
  readonly before: Position | null;
}

/** Where a client goes on from. */
export interface Cursor {
  readonly position: Position;
  readonly isHonoured: boolean;
}

/** What a client that comes with a cursor is told it has missed. */
export interface Missed {
  readonly gaps: readonly Gap[];
  /** By topic: everything up to here that is no longer kept was told. */
  readonly told: ReadonlyMap<string, Position>;
}

/** Finds what a client with a cursor has missed: log topics lack some of what it asks for. */
export async function missedBy(
  reader: LogReader,
  follows: readonly Follow[],
  cursor: Cursor,
): Promise<Missed> {
  const after = cursor.isHonoured ? cursor.position : null;
  const gaps: Gap[] = [];
  const told = new Map<string, Position>();
  const logs = follows.filter(({ window }) => window.topic.kind === "log");
  const behind = after === null ? logs : logs.filter((follow) => isBehind(follow, after));
  const pages = await Promise.all(
    behind.map(({ window }) => reader.page(window.topic, cursor.position)),
  );
  for (const [i, { truncatedAt: lost, oldestId: oldest }] of pages.entries()) {
    if (after !== null && (lost === null || comparePositions(lost, after) <= 0)) continue;
    const topic = behind[i]?.window.topic.name ?? "";
    gaps.push({ topic, after, before: oldest });
    if (lost !== null) told.set(topic, lost);
  }
  return { gaps, told };
}

/** What the first frame tells. */
export interface Sync {
  readonly retryMs: number;
  readonly heartbeatMs: number;
  /** Ms since the epoch. */
  readonly serverTime: number;
  readonly isResumed: boolean;
  readonly topics: readonly string[];
  /** Topics that were asked for and are no more. */
  readonly gone?: readonly string[] | undefined;
}

/** The frames of gaps, without ids. */
export function gapFrames(gaps: readonly Gap[]): Frame[] {
  return gaps.map((gap) => ({ event: "gap", data: JSON.stringify(gap) }));
}

/** Gaps in mid-stream. */
export function encodeGaps(gaps: readonly Gap[]): Uint8Array<ArrayBuffer> {
  return encodeFrames(...gapFrames(gaps));
}

/**
 * The frames of an opening, in order: sync, gaps, what the topics open with.
 *
 * @param place The last one carries it. Null where it is not known, or not judged yet.
 */
export function openingFrames(
  sync: Sync,
  gaps: readonly Gap[],
  opened: readonly Frame[],
  position: Position | null,
): Frame[] {
  const frames: Frame[] = [
    {
      retry: sync.retryMs,
      event: "sync",
      data: JSON.stringify({
        resumed: sync.isResumed,
        gap: gaps.length > 0,
        topics: sync.topics,
        gone: sync.gone,
        heartbeat_ms: sync.heartbeatMs,
        server_time: sync.serverTime,
      }),
    },
    ...gapFrames(gaps),
    ...opened,
  ];
  if (position === null) return frames;
  return frames.map((frame, i) => i === frames.length - 1 ? { ...frame, id: position } : frame);
}

/** What a topic opens with to a client that has nothing yet. */
export function topicFrames({ window, tags }: Follow): Frame[] {
  const { open }: Topic = window.topic;
  if (!open) return [];
  const opening = open(window.values().filter((event) => passes(tags, event)), tags);
  return opening ? [{ event: opening.type, data: opening.json }] : [];
}

/** The frames of values that the log does not have. */
export function shownFrames(follow: Follow): Frame[] {
  return shownTo(follow).map(({ type, json }) => ({ event: type, data: json }));
}

/** Encodes an opening: one chunk where it is small, else chunks of whole frames. */
export function encodeOpening(frames: readonly Frame[]): Uint8Array[] {
  const whole = encodeFrames(...frames);
  return whole.byteLength <= OPENING_BYTES ? [whole] : frames.map((frame) => encodeFrames(frame));
}
