/**
 * How often one caller may do something.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";

/** What a rate limit says to one try. */
export interface Allowance {
  readonly isAllowed: boolean;
  readonly limit: number;
  /** How many more are allowed right now. */
  readonly remaining: number;
  /** When one more is allowed, in milliseconds from now; 0 where one is. */
  readonly retryAfterMs: number;
}

/** A limit a minute, by key. */
export interface RateLimit {
  /** Counts a try, unless it is refused. */
  consume(key: string): Allowance;
}

const MINUTE_MS = 60_000;

/** The callers that are remembered: bounds the memory. Beyond it the one that was quiet longest starts anew. */
const MAX_KEYS = 20_000;

/**
 * Creates a rate limit: `perMinute` at once, and then as they come back, evenly over the minute (GCRA, the generic cell
 * rate algorithm: one number a key).
 *
 * @param perMinute 0 stands for no limit.
 */
export function createRateLimit(clock: Clock, perMinute: number): RateLimit {
  const stepMs = MINUTE_MS / perMinute;
  /** When a key's allowance will be whole again, in ms since the epoch. */
  const wholeAt = new LRUCache<string, number>({ max: MAX_KEYS });

  return {
    consume(key) {
      if (perMinute === 0) {
        return { isAllowed: true, limit: 0, remaining: Infinity, retryAfterMs: 0 };
      }
      const now = clock.now();
      const next = Math.max(now, wholeAt.get(key) ?? now) + stepMs;
      const overMs = next - now - MINUTE_MS;
      // Steps are fractions: what is less than a thousandth over is none.
      if (overMs > 0.001) {
        return { isAllowed: false, limit: perMinute, remaining: 0, retryAfterMs: overMs };
      }
      wholeAt.set(key, next);
      const remaining = Math.max(0, Math.floor(-overMs / stepMs + 1e-6));
      return { isAllowed: true, limit: perMinute, remaining, retryAfterMs: 0 };
    },
  };
}
