/**
 * The cool-down: it pauses the calls to an upstream that responded with 429 or `Retry-After`.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { UpstreamFailure } from "./failure.ts";

/** The longest cool-down, in milliseconds, so that a wrong `Retry-After` does not silence an upstream for a day. */
const MAX_COOLDOWN_MS = 15 * 60_000;

/** The cool-down after the first 429 without `Retry-After`, in milliseconds: many providers' quotas are per minute. */
const FIRST_COOLDOWN_MS = 60_000;

/**
 * Parses `Retry-After` (RFC 9110, 10.2.3): whole seconds or a date.
 *
 * @param now Wall time, in milliseconds since the Unix epoch.
 * @returns Milliseconds from now, without a bound; null if the header is absent or malformed.
 */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const field = header.trim();
  if (/^\d+$/.test(field)) return Number(field) * 1000;
  const at = /^[A-Z][a-z]{2}, .+ GMT$/.test(field) ? Date.parse(field) : NaN;
  return Number.isNaN(at) ? null : Math.max(at - now, 0);
}

/** The time during which an upstream accepts no calls. */
export interface Cooldown {
  /** Returns the milliseconds until a call is allowed, 0 if one is. */
  waitMs(): number;
  /** Ends a series of 429s. The current cool-down continues. */
  recordSuccess(): void;
  /** Starts or extends the cool-down that a failure asks for. */
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
      // Calls that were in flight together are refused together, which counts as one refusal.
      else if (refusals === 0 || now >= endsAt) refusals++;
      const pauseMs = status === 429 ? FIRST_COOLDOWN_MS * 2 ** (refusals - 1) : 0;
      endsAt = Math.max(endsAt, now + Math.min(retryAfterMs ?? pauseMs, MAX_COOLDOWN_MS));
    },
  };
}
