/**
 * The sign of life.
 *
 * @module
 */
import { ORIGIN, type Position } from "../core/position.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";

/** A heartbeat: it moves a client's cursor to its own place, and has no id where that is not known. */
export function heartbeat(position: Position, now: number): Frame {
  const frame = { event: "heartbeat", data: String(now) };
  return position === ORIGIN ? frame : { id: position, ...frame };
}

/** The heartbeats of one moment: those who stand at one place are given the same bytes. */
export function heartbeats(now: number): (position: Position) => Uint8Array {
  const encoded = new Map<Position, Uint8Array>();
  return (position) => {
    const bytes = encoded.get(position) ?? encodeFrames(heartbeat(position, now));
    encoded.set(position, bytes);
    return bytes;
  };
}
