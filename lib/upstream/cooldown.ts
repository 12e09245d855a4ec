/**
 * Leaving an upstream alone because it asked for that.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { UpstreamFailure } from "./failure.ts";

/** The longest we heed a wish: a mistyped header must not silence an upstream for a day. */
const MAX_PAUSE_MS = 15 * 60_000;

/** After a 429 that does not say how long. The figure is ours: the providers' quotas count by the minute. */
const FIRST_PAUSE_MS = 60_000;

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): whole seconds or a date.
 *
 * @returns Milliseconds from now, however many; null where the header is absent or malformed.
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

/** When an upstream wants no calls. */
export interface Cooldown {
  /** In ms since the epoch: no call before. Lies in the past where none runs. */
  until(): number;
  succeeded(): void;
  failed(failure: UpstreamFailure): void;
}

/** Creates a cooldown: `Retry-After` where it was sent, else a minute after a 429, doubled with each further one. */
export function createCooldown(clock: Clock): Cooldown {
  let until = 0;
  let refusals = 0;
  return {
    until: () => until,
    succeeded() {
      refusals = 0;
    },
    failed({ status, retryAfterMs }) {
      const now = clock.now();
      if (status !== 429) refusals = 0;
      // Calls that were out together are refused together: that is one refusal.
      else if (refusals === 0 || now >= until) refusals++;
      const pause = status === 429 ? FIRST_PAUSE_MS * 2 ** (refusals - 1) : 0;
      until = Math.max(until, now + Math.min(retryAfterMs ?? pause, MAX_PAUSE_MS));
    },
  };
}
