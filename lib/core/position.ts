/**
 * Ids of events and places between them, in the one order over all topics.
 *
 * @module
 */

/** `<ms>-<n>`: the id of an event, or a place in the order. Ids grow; they are compared, never parsed, by others. */
export type Position = string;

/** The place before all others, where nobody can come back to: no event has it, and no log honours it. */
export const ORIGIN: Position = "0-0";

/** At most 15 digits each: numbers that large are still exact, so the order is too. */
const PLACE = /^(?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,14})$/;

/** Whether a text has the form of a place. At most 31 characters, so it fits `Last-Event-ID` unpreflighted. */
export function isPosition(text: string): text is Position {
  return PLACE.test(text);
}

/** The two numbers of a place: milliseconds since the epoch, and the number that tells equals apart. */
export function parseId(position: Position): { readonly ms: number; readonly n: number } {
  const dash = position.indexOf("-");
  return { ms: Number(position.slice(0, dash)), n: Number(position.slice(dash + 1)) };
}

/** The index of the first of some events, in order, that comes after a place: found by halving. */
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
 * Orders two places: negative where `a` comes first, positive where `b` does, 0 where they are the same.
 *
 * @example Numbers compare as numbers
 * ```ts
 * import { assert } from "@std/assert";
 *
 * assert(comparePlaces("1700-9", "1700-10") < 0);
 * ```
 */
export function comparePositions(a: Position, b: Position): number {
  if (a === b) return 0;
  const [x, y] = [parseId(a), parseId(b)];
  return x.ms - y.ms || x.n - y.n;
}
