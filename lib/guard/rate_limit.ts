/**
 * Rate limits per key.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";

/** The decision on one attempt. */
export interface Allowance {
  readonly isAllowed: boolean;
  /** The attempts per minute; 0 means no limit. */
  readonly limit: number;
  /** The number of further attempts that are allowed now. */
  readonly remaining: number;
  /** The milliseconds until another attempt is allowed, 0 if this one was. */
  readonly retryAfterMs: number;
}

/** A limit on the attempts per minute of each key. */
export interface RateLimit {
  /** Consumes one attempt. A refused attempt consumes nothing. */
  consume(key: string): Allowance;
}

/** The window of every limit, in milliseconds. */
const WINDOW_MS = 60_000;

/** The error that sums of fractional steps may have, in milliseconds. */
const ROUNDING_ERROR_MS = 0.001;

/** The largest number of keys, which bounds the memory. Beyond it, the least recently used key starts with a full burst. */
const MAX_KEYS = 20_000;

/**
 * Creates a rate limit by the generic cell rate algorithm (GCRA): a burst of `perMinute`, refilled evenly over the minute.
 * It stores one number per key.
 *
 * @param perMinute 0 means no limit.
 */
export function createRateLimit(clock: Clock, perMinute: number): RateLimit {
  const stepMs = WINDOW_MS / perMinute;
  /** The monotonic time at which the burst of each key is full again. */
  const fullAt = new LRUCache<string, number>({
    // Sizes of 1 instead of `max`, which would allocate the room for all keys at the start.
    maxSize: MAX_KEYS,
    sizeCalculation: () => 1,
  });

  return {
    consume(key) {
      if (perMinute === 0) {
        return { isAllowed: true, limit: 0, remaining: Infinity, retryAfterMs: 0 };
      }
      const now = clock.elapsed();
      const newFullAt = Math.max(now, fullAt.get(key) ?? now) + stepMs;
      const excessMs = newFullAt - now - WINDOW_MS;
      if (excessMs > ROUNDING_ERROR_MS) {
        return { isAllowed: false, limit: perMinute, remaining: 0, retryAfterMs: excessMs };
      }
      fullAt.set(key, newFullAt);
      const remaining = Math.max(0, Math.floor((ROUNDING_ERROR_MS - excessMs) / stepMs));
      return { isAllowed: true, limit: perMinute, remaining, retryAfterMs: 0 };
    },
  };
}
