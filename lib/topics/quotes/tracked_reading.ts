/**
 * Readings that are tracked from one response of a source to the next: a response that says nothing new is not news.
 *
 * @module
 */
import type { Reading } from "./providers/provider.ts";

/** A reading whose freshness is tracked from one response of the source to the next. */
export interface TrackedReading extends Reading {
  /** Monotonic time of the last news of the source: silence is counted from it. */
  readonly newsElapsed: number;
}

/** Returns the age of a price at its receipt beyond the delay of the source and one poll, in ms: 0 for a new price. */
function lagMsOf({ as_of, delay_s, received_at }: Reading, intervalMs: number): number {
  if (as_of === null) return 0;
  const expectedMs = (delay_s ?? 0) * 1000 + intervalMs;
  return Math.max(0, Date.parse(received_at) - Date.parse(as_of) - expectedMs);
}

/** Tests if a response repeats the previous one: the same market time, or the same price if only another price is news. */
function isRepetition({ as_of, price, isRepeated }: Reading, previous: Reading): boolean {
  if (as_of !== null) return as_of === previous.as_of;
  return isRepeated === true && price === previous.price;
}

/** Tests if the bid or the ask has moved. A market where nobody trades for a while is alive then. */
function hasMoved({ bid, ask }: Reading, previous: Reading): boolean {
  const differ = (a: string | null, b: string | null) => a !== null && b !== null && a !== b;
  return differ(bid, previous.bid) || differ(ask, previous.ask);
}

/**
 * Tracks the freshness of a reading. A response that repeats the previous one is not news, unless its bid or ask is. A price
 * that is old at its receipt is only as fresh as its market time.
 *
 * @param previous The previous reading of the same source.
 */
export function track(
  reading: Reading,
  previous: TrackedReading | undefined,
  intervalMs: number,
): TrackedReading {
  const { as_of, receivedElapsed } = reading;
  if (previous !== undefined && isRepetition(reading, previous)) {
    const newsElapsed = hasMoved(reading, previous) ? receivedElapsed : previous.newsElapsed;
    return { ...reading, newsElapsed };
  }
  let lagMs = lagMsOf(reading, intervalMs);
  if (lagMs > 0 && as_of !== null && previous !== undefined && previous.as_of !== null) {
    // The wall clock may have been set, so the lag must also follow from the market's progress since the previous reading.
    const previousLagMs = previous.receivedElapsed - previous.newsElapsed;
    const progressMs = Date.parse(as_of) - Date.parse(previous.as_of);
    const passedMs = receivedElapsed - previous.receivedElapsed;
    lagMs = Math.min(lagMs, Math.max(0, previousLagMs + passedMs - progressMs));
  }
  return { ...reading, newsElapsed: receivedElapsed - lagMs };
}
