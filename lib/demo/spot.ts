/**
 * The trading hours of spot metals. No answer contains them, so clients apply the real ones: they are never sped up.
 *
 * @module
 */
import { HOUR_MS } from "../core/time.ts";

/** The weekend, from Friday to Sunday, 22:00 UTC. The first one is of 1970. */
const WEEKEND = { firstMs: 46 * HOUR_MS, everyMs: 168 * HOUR_MS, lastsMs: 48 * HOUR_MS };

/** Returns the time of the last spot trade: now, or before the weekend. In milliseconds since the epoch. */
export function lastSpotTrade(ms: number): number {
  const { firstMs, everyMs, lastsMs } = WEEKEND;
  const since = (ms - firstMs) % everyMs;
  return since < lastsMs ? ms - since : ms;
}
