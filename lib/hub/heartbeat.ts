/**
 * The sign of life.
 *
 * @module
 */
import { NOWHERE, type Place } from "../core/position.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";

/** A heartbeat: it moves a client's cursor to its own place, and has no id where that is not known. */
export function heartbeat(place: Place, now: number): Frame {
  const frame = { event: "heartbeat", data: String(now) };
  return place === NOWHERE ? frame : { id: place, ...frame };
}

/** The heartbeats of one moment: those who stand at one place are given the same bytes. */
export function heartbeats(now: number): (place: Place) => Uint8Array {
  const encoded = new Map<Place, Uint8Array>();
  return (place) => {
    const bytes = encoded.get(place) ?? encodeFrames(heartbeat(place, now));
    encoded.set(place, bytes);
    return bytes;
  };
}
