/**
 * What a stream opens with.
 *
 * @module
 */
import { comparePlaces, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";
import { isBehind, type LogReader } from "./log_reader.ts";
import { type Follow, passes } from "./read.ts";

/** An opening is one chunk up to this size, in bytes; above, whole frames follow each other. */
const OPENING_BYTES = 65_536;

/** The data of a `gap`: which topic lacks something, since when, and what is there again. */
export interface Gap {
  readonly topic: string;
  /** The cursor, null where it was not honoured. */
  readonly after: Place | null;
  /** The oldest id kept, null where nothing is. */
  readonly before: Place | null;
}

/** Where a client goes on from. */
export interface Cursor {
  readonly place: Place;
  readonly isHonoured: boolean;
}

/** Finds the gaps of a client that came with a cursor: log topics that lack some of what it asks for. */
export async function gapsOf(
  reader: LogReader,
  follows: readonly Follow[],
  cursor: Cursor,
): Promise<Gap[]> {
  const after = cursor.isHonoured ? cursor.place : null;
  const gaps = follows.map(async (follow): Promise<Gap | undefined> => {
    const { topic } = follow.window;
    if (topic.kind !== "log") return;
    if (after !== null && !isBehind(follow, after)) return;
    const { lost, oldest } = await reader.page(topic, after ?? cursor.place);
    if (after !== null && (lost === null || comparePlaces(lost, after) <= 0)) return;
    return { topic: topic.name, after, before: oldest };
  });
  return (await Promise.all(gaps)).filter((gap) => gap !== undefined);
}

/** What the first frame tells. */
export interface Sync {
  readonly retryMs: number;
  readonly heartbeatMs: number;
  /** Ms since the epoch. */
  readonly serverTime: number;
  readonly isResumed: boolean;
  readonly topics: readonly string[];
}

/** The frames of an opening, in order: sync, gaps, what the topics open with. The last one carries the place. */
export function openingFrames(
  sync: Sync,
  gaps: readonly Gap[],
  opened: readonly Frame[],
  place: Place,
): Frame[] {
  const frames: Frame[] = [
    {
      retry: sync.retryMs,
      event: "sync",
      data: JSON.stringify({
        resumed: sync.isResumed,
        gap: gaps.length > 0,
        topics: sync.topics,
        heartbeat_ms: sync.heartbeatMs,
        server_time: sync.serverTime,
      }),
    },
    ...gaps.map((gap) => ({ event: "gap", data: JSON.stringify(gap) })),
    ...opened,
  ];
  return frames.map((frame, i) => i === frames.length - 1 ? { ...frame, id: place } : frame);
}

/** What a topic opens with to a client that has nothing yet. */
export function topicFrames({ window, tags }: Follow): Frame[] {
  const { open }: Topic = window.topic;
  if (!open) return [];
  const { type, json } = open(window.after().filter((event) => passes(tags, event)));
  return [{ event: type, data: json }];
}

/** Encodes an opening: one chunk where it is small, else chunks of whole frames. */
export function encodeOpening(frames: readonly Frame[]): Uint8Array[] {
  const whole = encodeFrames(...frames);
  return whole.byteLength <= OPENING_BYTES ? [whole] : frames.map((frame) => encodeFrames(frame));
}
