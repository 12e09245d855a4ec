/**
 * The trading hours of spot metals. No response contains them, so readers apply the real hours. The demo never speeds
 * them up.
 *
 * @module
 */
import { DAY_MS, HOUR_MS } from "../core/time.ts";

/** The weekend, from Friday to Sunday, 22:00 UTC. The epoch is a Thursday, so the first one begins 46 hours after it. */
const WEEKEND = { firstMs: 46 * HOUR_MS, everyMs: 7 * DAY_MS, durationMs: 2 * DAY_MS };

/**
 * Returns the time of the last spot trade: now, or the beginning of the current weekend.
 *
 * @param now Wall time in ms, as is the result.
 */
export function lastSpotTrade(now: number): number {
  const { firstMs, everyMs, durationMs } = WEEKEND;
  const sinceCloseMs = (now - firstMs) % everyMs;
  return sinceCloseMs < durationMs ? now - sinceCloseMs : now;
}
