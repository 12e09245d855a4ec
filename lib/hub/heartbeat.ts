/**
 * The sign of life.
 *
 * @module
 */
import { NOWHERE, type Place } from "../core/place.ts";
import type { Frame } from "../wire/sse.ts";

/** A heartbeat: it moves a client's cursor to its own place, and has no id where that is not known. */
export function heartbeat(place: Place, now: number): Frame {
  const frame = { event: "heartbeat", data: String(now) };
  return place === NOWHERE ? frame : { id: place, ...frame };
}
