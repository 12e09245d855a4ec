/**
 * The control frames of a stream: `sync`, `gap`, `heartbeat`, `auth` and `bye`.
 *
 * @module
 */
import { ORIGIN, type Position } from "../core/position.ts";
import { type Topic, type TopicFilter, wireName } from "../core/topic.ts";
import { encodeFrames, type Frame } from "./sse.ts";

/** The largest chunk of initial frames, in bytes. Above it, each frame is a chunk. */
const MAX_CHUNK_BYTES = 65_536;

/** The data of a `gap`: the log has lost events of a topic. */
export interface Gap {
  readonly topic: Topic;
  /** The client's cursor, null if it was not honoured. */
  readonly after: Position | null;
  /** The oldest id that the log retains, null if it retains none. */
  readonly before: Position | null;
}

/** The data of a `sync`. */
export interface Sync {
  readonly isResumed: boolean;
  /** The topics of the stream. */
  readonly filters: readonly Pick<TopicFilter, "topic">[];
  /** The topics that were requested and no longer exist. */
  readonly gone: readonly string[] | undefined;
  /** The delay before the client reconnects, in milliseconds. */
  readonly retryMs: number;
  /** The interval of heartbeats, in milliseconds. */
  readonly heartbeatMs: number;
  /** The wall time of the server, in milliseconds since the Unix epoch. */
  readonly serverTime: number;
}

/**
 * Encodes the initial frames, in order: sync, gaps, snapshots. They are one chunk, or one chunk per frame if they are large.
 *
 * @param id The position from which the client continues, which only the last frame carries. Null if it is not known.
 */
export function encodeInitialFrames(
  sync: Sync,
  gaps: readonly Gap[],
  snapshots: readonly Frame[],
  id: Position | null,
): Uint8Array[] {
  const data = JSON.stringify({
    resumed: sync.isResumed,
    gap: gaps.length > 0,
    topics: sync.filters.map(({ topic }) => wireName(topic)),
    gone: sync.gone,
    heartbeat_ms: sync.heartbeatMs,
    server_time: sync.serverTime,
  });
  const framesWithoutId = [
    { retry: sync.retryMs, event: "sync", data },
    ...gapFrames(gaps),
    ...snapshots,
  ];
  const frames = id === null ? framesWithoutId : withLastId(framesWithoutId, id);
  const chunk = encodeFrames(...frames);
  return chunk.byteLength <= MAX_CHUNK_BYTES ? [chunk] : frames.map((frame) => encodeFrames(frame));
}

/** Creates the frames of gaps. */
export function gapFrames(gaps: readonly Gap[]): Frame[] {
  return gaps.map(({ topic, after, before }) => ({
    event: "gap",
    data: JSON.stringify({ topic: wireName(topic), after, before }),
  }));
}

/** Returns the frames with an id on the last one. */
export function withLastId(frames: readonly Frame[], id: Position): Frame[] {
  return frames.map((frame, i) => i === frames.length - 1 ? { ...frame, id } : frame);
}

/**
 * Creates a heartbeat, which moves the cursor of a client to the position of its stream.
 *
 * @param position {@linkcode ORIGIN} if it is not known. The heartbeat then has no id.
 * @param now Wall time, in milliseconds since the Unix epoch.
 */
export function heartbeatFrame(position: Position, now: number): Frame {
  const frame = { event: "heartbeat", data: String(now) };
  return position === ORIGIN ? frame : { id: position, ...frame };
}

/** Creates an encoder of heartbeats with one time. Clients at the same position receive the same bytes. */
export function heartbeatEncoder(now: number): (position: Position) => Uint8Array {
  const encoded = new Map<Position, Uint8Array>();
  return (position) => {
    const bytes = encoded.get(position) ?? encodeFrames(heartbeatFrame(position, now));
    encoded.set(position, bytes);
    return bytes;
  };
}

/** Encodes an `auth`, which announces that rights expire. It has no id, because it is not an event of the log. */
export function encodeAuth(expiresInMs: number): Uint8Array {
  const data = JSON.stringify({ expires_in_ms: Math.max(0, Math.round(expiresInMs)) });
  return encodeFrames({ event: "auth", data });
}

/**
 * Encodes a `bye`. Its `retry` is 0.5 to 1.5 times `retryMs`, at random, so that clients do not all return together.
 *
 * @param random A random number in [0, 1).
 */
export function encodeBye(reason: string, retryMs: number, random: number): Uint8Array {
  const retry = Math.round(retryMs * (0.5 + random));
  return encodeFrames({ retry, event: "bye", data: JSON.stringify({ reason, retry_ms: retry }) });
}
