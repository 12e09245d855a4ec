/**
 * Units of time, and the form of times on the wire.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "./clock.ts";

/** A time on the wire: a string in the format of {@linkcode isoTime}. */
export const WireTime = z.iso.datetime().meta({ description: "ISO 8601, UTC" });

/** A minute in milliseconds. */
export const MINUTE_MS = 60_000;

/** An hour in milliseconds. */
export const HOUR_MS = 60 * MINUTE_MS;

/** A day in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/**
 * Formats a wall-clock time as ISO 8601 in UTC, with milliseconds.
 *
 * @param ms Milliseconds since the Unix epoch.
 * @throws {RangeError} If the time is not finite or beyond what a `Date` holds.
 */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * Creates the clock of retention. Ids begin with wall time, so their age is measured in wall time. A wall clock that is set
 * forwards must not evict everything. Retention therefore compares the wall clock with one that runs evenly from now on, and
 * uses the earlier time.
 *
 * @returns A function that returns the time, in milliseconds since the Unix epoch.
 */
export function createRetentionTime(clock: Pick<Clock, "now" | "elapsed">): () => number {
  const offsetMs = clock.now() - clock.elapsed();
  return () => Math.floor(Math.min(clock.now(), clock.elapsed() + offsetMs));
}
