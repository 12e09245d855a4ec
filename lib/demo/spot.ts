/**
 * When spot metals trade. No body tells their hours, so that all who ask go by the real ones: they are never sped up.
 *
 * @module
 */

const HOUR_MS = 3_600_000;

/** From Friday to Sunday, 22:00 UTC: an hour off in New York's summer. The first such Friday was 1970's. */
const WEEKEND = { firstMs: 46 * HOUR_MS, everyMs: 168 * HOUR_MS, lastsMs: 48 * HOUR_MS };

/** When spot metals traded last: now, or before the weekend. In milliseconds since the epoch. */
export function lastSpotTrade(ms: number): number {
  const { firstMs, everyMs, lastsMs } = WEEKEND;
  const since = (ms - firstMs) % everyMs;
  return since < lastsMs ? ms - since : ms;
}
