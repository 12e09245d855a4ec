/**
 * The cool-down: an upstream that asks to be left alone is left alone.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { UpstreamFailure } from "./failure.ts";

/** The longest cool-down: a mistyped header must not silence an upstream for a day. */
const MAX_COOLDOWN_MS = 15 * 60_000;

/** The cool-down after a 429 without `Retry-After`. The providers' quotas count by the minute. */
const FIRST_COOLDOWN_MS = 60_000;

/**
 * Parses `Retry-After` (RFC 9110, 10.2.3): whole seconds or a date.
 *
 * @param now Wall time, in milliseconds since the epoch.
 * @returns Milliseconds from now, without a bound; null if the header is absent or malformed.
 */
export function parseRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim() ?? "";
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : /^[A-Z][a-z]{2}, .+ GMT$/.test(text)
    ? Date.parse(text) - now
    : NaN;
  return Number.isNaN(ms) ? null : Math.max(ms, 0);
}

/** The time for which an upstream wants no calls. */
export interface Cooldown {
  /** Returns the milliseconds until a call is allowed, 0 if one is. */
  waitMs(): number;
  recordSuccess(): void;
  recordFailure(failure: UpstreamFailure): void;
}

/** Creates a cool-down: `Retry-After` if it was sent, else a minute after a 429, doubled with each further one. */
export function createCooldown(clock: Clock): Cooldown {
  /** The end of the cool-down, by the monotonic clock. */
  let endsAt = -Infinity;
  let refusals = 0;
  return {
    waitMs: () => Math.max(0, endsAt - clock.elapsed()),
    recordSuccess() {
      refusals = 0;
    },
    recordFailure({ status, retryAfterMs }) {
      const now = clock.elapsed();
      if (status !== 429) refusals = 0;
      // Calls that were in flight together are refused together: that is one refusal.
      else if (refusals === 0 || now >= endsAt) refusals++;
      const pauseMs = status === 429 ? FIRST_COOLDOWN_MS * 2 ** (refusals - 1) : 0;
      endsAt = Math.max(endsAt, now + Math.min(retryAfterMs ?? pauseMs, MAX_COOLDOWN_MS));
    },
  };
}
