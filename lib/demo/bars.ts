/**
 * The bars of simulated histories.
 *
 * @module
 */
import type { PriceAt } from "./market.ts";

/** The prices of an interval. */
export interface SimulatedBar {
  /** Wall time in ms. */
  readonly startAt: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
}

/** The intervals between two prices of a bar. */
const BAR_STEPS = 4;

/** Returns the bar of an interval, which may still last. Times are wall times in ms. */
export function simulatedBar(priceAt: PriceAt, startAt: number, endAt: number): SimulatedBar {
  const prices = Array.from(
    { length: BAR_STEPS + 1 },
    (_, step) => priceAt(startAt + (endAt - startAt) * step / BAR_STEPS),
  );
  const sorted = prices.toSorted((a, b) => Number(a) - Number(b));
  const [open = "", close = ""] = [prices.at(0), prices.at(-1)];
  return { startAt, open, high: sorted.at(-1) ?? open, low: sorted.at(0) ?? open, close };
}

/** Returns the latest bars of a market that never closes, oldest first. The last one still lasts. */
export function barsUntil(
  priceAt: PriceAt,
  intervalMs: number,
  count: number,
  now: number,
): SimulatedBar[] {
  const lastStartAt = now - now % intervalMs;
  return Array.from({ length: count }, (_, index) => {
    const startAt = lastStartAt - (count - 1 - index) * intervalMs;
    return simulatedBar(priceAt, startAt, Math.min(startAt + intervalMs, now));
  });
}

/** The volume of every bar. */
export const BAR_VOLUME = "12.5";
