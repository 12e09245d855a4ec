/**
 * The initial frames of a stream.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openStream } from "./stream_client.ts";
import type { ReceivedFrame } from "./frames.ts";
import { parse, SYNC } from "./shapes.ts";

/** The frames of the opening: up to the first with an id, since only its last has one. */
export async function openingOf(stream: { next(): Promise<ReceivedFrame | null> }) {
  const frames: ReceivedFrame[] = [];
  for (;;) {
    const frame = await stream.next();
    assert(frame !== null, "the stream ended in its opening");
    frames.push(frame);
    if (frame.id !== null) return frames;
  }
}

/** The types of frames. */
export function namesOf(frames: readonly ReceivedFrame[]): string[] {
  return frames.map(({ event }) => event);
}

/** Asserts the headers that every stream has, and a HEAD of it. */
export function assertStreamHeaders(headers: Headers): void {
  assertEquals(headers.get("content-type"), "text/event-stream");
  assertEquals(headers.get("cache-control"), "no-store, no-transform");
  assertEquals(headers.get("x-accel-buffering"), "no");
}

/** Opens a path, gives its opening and leaves. Fails where it is no stream. */
export async function openingAt(port: number, path: string, cursor = "") {
  using stream = await openStream(port, path, { cursor });
  assertEquals(stream.status, 200);
  assertStreamHeaders(stream.headers);
  const frames = await openingOf(stream);
  const sync = parse(SYNC, frames[0]?.data ?? "");
  return { frames, sync, cursor: stream.lastEventId, names: namesOf(frames) };
}
