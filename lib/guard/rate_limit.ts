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
  readonly limit: number;
  /** The number of further attempts that are allowed now. */
  readonly remaining: number;
  /** The milliseconds until one more attempt is allowed, 0 if one is. */
  readonly retryAfterMs: number;
}

/** A rate limit per minute and key. */
export interface RateLimit {
  /** Consumes one attempt, unless it is refused. */
  consume(key: string): Allowance;
}

/** The window of every limit. */
const WINDOW_MS = 60_000;

/** The largest number of keys. It bounds the memory: beyond it the key that was quiet longest starts anew. */
const MAX_KEYS = 20_000;

/**
 * Creates a rate limit by the generic cell rate algorithm (GCRA): a burst of `perMinute`, refilled evenly over the minute.
 * It stores one number per key.
 *
 * @param perMinute 0 means no limit.
 */
export function createRateLimit(clock: Clock, perMinute: number): RateLimit {
  const stepMs = WINDOW_MS / perMinute;
  /** The time at which a key's burst is full again, by the monotonic clock. */
  const fullAt = new LRUCache<string, number>({ max: MAX_KEYS });

  return {
    consume(key) {
      if (perMinute === 0) {
        return { isAllowed: true, limit: 0, remaining: Infinity, retryAfterMs: 0 };
      }
      const now = clock.elapsed();
      const next = Math.max(now, fullAt.get(key) ?? now) + stepMs;
      const overMs = next - now - WINDOW_MS;
      // Steps are fractions: less than a thousandth of a millisecond is a rounding error.
      if (overMs > 0.001) {
        return { isAllowed: false, limit: perMinute, remaining: 0, retryAfterMs: overMs };
      }
      fullAt.set(key, next);
      const remaining = Math.max(0, Math.floor(-overMs / stepMs + 1e-6));
      return { isAllowed: true, limit: perMinute, remaining, retryAfterMs: 0 };
    },
  };
}
