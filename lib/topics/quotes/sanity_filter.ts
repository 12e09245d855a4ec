/**
 * Readings nobody should be shown, at least not yet.
 *
 * @module
 */
import { percentOf, subtract } from "./providers/decimal.ts";
import type { Reading } from "./providers/provider.ts";

/** A price further off than this, in percent, needs a second reading that confirms it: facts of the providers, 1.8. */
const JUMP_PCT = 20;

/** What to do with a reading: `doubt` waits for another that confirms it. */
export type Verdict = "take" | "drop" | "doubt";

function isOlder(reading: Reading, held: Reading, now: number): boolean {
  if (Date.parse(reading.received_at) < Date.parse(held.received_at)) return true;
  if (reading.as_of === null || held.as_of === null) return false;
  const heldAsOf = Date.parse(held.as_of);
  // A time ahead of ours was a mistake, and would hold up all that comes after it.
  return heldAsOf <= now && Date.parse(reading.as_of) < heldAsOf;
}

function isJump(from: string, to: string): boolean {
  return Math.abs(percentOf(subtract(to, from), from)) > JUMP_PCT;
}

/** Whether it is another reading and says about the same. A trade that is read twice does not confirm itself. */
function confirms(reading: Reading, doubted: Reading): boolean {
  const isAnother = reading.as_of === null
    ? reading.received_at !== doubted.received_at
    : reading.as_of !== doubted.as_of;
  return isAnother && !isJump(doubted.price, reading.price);
}

/**
 * Judges a reading by what is held.
 *
 * @param doubted The reading that waits to be confirmed, if there is one.
 * @param now Milliseconds since the epoch.
 */
export function weigh(
  reading: Reading,
  held: Reading | undefined,
  doubted: Reading | undefined,
  now: number,
): Verdict {
  if (held === undefined) return "take";
  if (isOlder(reading, held, now)) return "drop";
  if (!isJump(held.price, reading.price)) return "take";
  return doubted !== undefined && confirms(reading, doubted) ? "take" : "doubt";
}
