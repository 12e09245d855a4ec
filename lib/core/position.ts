/**
 * Positions: the ids of events, and points between them, in the one order over all topics.
 *
 * @module
 */

/** A position, `<ms>-<n>`: the id of an event, or a point between events. Ids grow. */
export type Position = string;

/** The position before all others. No event has it, and no log honours it as a cursor. */
export const ORIGIN: Position = "0-0";

/** At most 15 digits per number, because such numbers are exact, and so is their order. */
const POSITION = /^(?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,14})$/;

/** Returns true if a string has the form of a position. Positions have at most 31 characters. */
export function isPosition(candidate: string): candidate is Position {
  return POSITION.test(candidate);
}

/** Parses a position: milliseconds since the Unix epoch, and a number that orders ids of the same millisecond. */
export function parseId(position: Position): { readonly ms: number; readonly n: number } {
  const dash = position.indexOf("-");
  return { ms: Number(position.slice(0, dash)), n: Number(position.slice(dash + 1)) };
}

/** Returns the index of the first event after a position, by binary search. The events are in the order of their ids. */
export function lowerBound(
  events: readonly { readonly id: Position }[],
  position: Position,
): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const event = events[middle];
    if (event && comparePositions(event.id, position) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Compares two positions: negative if `a` comes first, positive if `b` does, 0 if they are equal.
 *
 * @example Numbers compare as numbers
 * ```ts
 * import { assert } from "@std/assert";
 *
 * assert(comparePositions("1700-9", "1700-10") < 0);
 * ```
 */
export function comparePositions(a: Position, b: Position): number {
  if (a === b) return 0;
  const [x, y] = [parseId(a), parseId(b)];
  return x.ms - y.ms || x.n - y.n;
}
