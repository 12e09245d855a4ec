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

/** The months of a date in a header. */
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The three forms of a date in HTTP (RFC 9110, 5.6.7): IMF-fixdate, RFC 850 and asctime. All of them are in UTC. Servers also
 * send the first one as mails have it, and ISO 8601.
 */
const HTTP_DATES: readonly RegExp[] = [
  /^[A-Z][a-z]{2}, (?<day>\d{1,2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) (?:GMT|UTC|[+-]0000)$/,
  /^[A-Z][a-z]+day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) {1,2}(?<day>\d{1,2}) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/** A date of ISO 8601. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Seconds. A header that was sent several times has several. */
const SECONDS = /^\d+(?:\.\d+)?(?:\s*,\s*\d+(?:\.\d+)?)*$/;

/** Completes a year of two digits: a year that seems more than 50 years ahead is in the past. */
function fullYear(year: string, now: number): number {
  if (year.length > 2) return Number(year);
  const currentYear = new Date(now).getUTCFullYear();
  const sameCentury = currentYear - currentYear % 100 + Number(year);
  return sameCentury > currentYear + 50 ? sameCentury - 100 : sameCentury;
}

/** Parses a date in one of the forms that servers send. Returns milliseconds since the Unix epoch, null if it is malformed. */
export function parseHttpDate(text: string, now: number): number | null {
  for (const form of HTTP_DATES) {
    const { day, month, year, time } = form.exec(text)?.groups ?? {};
    if (day === undefined || month === undefined || year === undefined) continue;
    const pad = (number: number, digits: number) => String(number).padStart(digits, "0");
    const date = `${pad(fullYear(year, now), 4)}-${pad(MONTHS.indexOf(month) + 1, 2)}`;
    const at = Date.parse(`${date}-${pad(Number(day), 2)}T${time}Z`);
    return Number.isNaN(at) ? null : at;
  }
  const at = ISO_DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}

/**
 * Parses `Retry-After` (RFC 9110, 10.2.3): seconds, also fractional ones, or a date in any form. A date counts from
 * the `Date` of the response if it has one, because the clocks may differ.
 *
 * @param now Wall time, in milliseconds since the Unix epoch.
 * @returns Milliseconds from now, without a bound. Null if the header is absent, malformed, 0 or a time past: then it asks
 * for nothing.
 */
export function parseRetryAfter(headers: Headers, now: number): number | null {
  const field = headers.get("retry-after")?.trim() ?? "";
  const delayMs = SECONDS.test(field)
    ? Math.ceil(Math.max(...field.split(",").map(Number)) * 1000)
    : (parseHttpDate(field, now) ?? 0) - (parseHttpDate(headers.get("date") ?? "", now) ?? now);
  return delayMs > 0 ? delayMs : null;
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

/**
 * Creates a cool-down: `Retry-After` if it was sent, else a minute after a 429. A further 429 in a row doubles the pause,
 * whatever it asks for, because the calls after the previous pause came too early.
 */
export function createCooldown(clock: Clock): Cooldown {
  /** The end of the cool-down, by the monotonic clock. */
  let endsAt = -Infinity;
  let refusals = 0;

  /** Returns the shortest pause after the refusals so far. */
  function ownPauseMs(retryAfterMs: number | null): number {
    const doublings = refusals - (retryAfterMs === null ? 1 : 2);
    return refusals === 0 || doublings < 0 ? 0 : FIRST_COOLDOWN_MS * 2 ** doublings;
  }

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
      const pauseMs = Math.max(retryAfterMs ?? 0, ownPauseMs(retryAfterMs));
      endsAt = Math.max(endsAt, now + Math.min(pauseMs, MAX_COOLDOWN_MS));
    },
  };
}
