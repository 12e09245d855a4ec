/**
 * The ranges of a history, and the rings of bars that serve them.
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";

/** Validates the range of a history. */
export const HistoryRange = z.enum(["1h", "1d", "5d", "1mo", "1y"]);

/** The range of a history. */
export type HistoryRange = z.infer<typeof HistoryRange>;

/** A ring of recorded bars in the store. */
export interface Ring {
  /** Part of the keys, so it must not change. */
  readonly name: string;
  readonly intervalMs: number;
  /** The most bars of one source. */
  readonly maxBars: number;
  /** Lifetime after the last write, in ms. */
  readonly ttlMs: number;
}

/** The finest ring: a day of a market that never closes, and an hour to look back from its beginning. */
export const FINE_RING: Ring = {
  name: "5m",
  intervalMs: 5 * MINUTE_MS,
  maxBars: 25 * 12,
  ttlMs: 8 * DAY_MS,
};

/** Hours of a month. */
export const HOURLY_RING: Ring = {
  name: "1h",
  intervalMs: HOUR_MS,
  maxBars: 31 * 24,
  ttlMs: 32 * DAY_MS,
};

/** Days of a year. */
export const DAILY_RING: Ring = {
  name: "1d",
  intervalMs: DAY_MS,
  maxBars: 366,
  ttlMs: 370 * DAY_MS,
};

/** The properties of a range. */
export interface RangeProperties {
  readonly durationMs: number;
  /** The duration for a market that never closes, if it differs. */
  readonly alwaysOpenMs?: number;
  /** The ring that serves it. */
  readonly ring: Ring;
  /** The TTL of a provider's own history, in ms. */
  readonly ttlMs: number;
}

/** THE LIST of ranges. Five days of trading take a week. */
export const RANGES: Readonly<Record<HistoryRange, RangeProperties>> = {
  "1h": { durationMs: HOUR_MS, ring: FINE_RING, ttlMs: MINUTE_MS },
  "1d": { durationMs: DAY_MS, ring: FINE_RING, ttlMs: 5 * MINUTE_MS },
  "5d": {
    durationMs: 7 * DAY_MS,
    alwaysOpenMs: 5 * DAY_MS,
    ring: HOURLY_RING,
    ttlMs: 15 * MINUTE_MS,
  },
  "1mo": { durationMs: 31 * DAY_MS, ring: HOURLY_RING, ttlMs: HOUR_MS },
  "1y": { durationMs: 366 * DAY_MS, ring: DAILY_RING, ttlMs: 6 * HOUR_MS },
};
