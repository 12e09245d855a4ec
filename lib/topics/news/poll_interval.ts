/**
 * When a feed is asked again.
 *
 * @module
 */

/** However patient a feed asks us to be, and however often it fails. */
export const MAX_POLL_INTERVAL_MS = 60 * 60_000;

/** What a feed says about when to come back, in ms, and how often in a row it failed. */
export interface PollHints {
  /** RSS `ttl`. */
  readonly ttlMs: number | null;
  /** `cache-control: max-age`, less the age the answer came with. */
  readonly maxAgeMs: number | null;
  /** `retry-after`. */
  readonly retryAfterMs: number | null;
  /** Failures in a row, this one included: 0 where it answered. */
  readonly failures: number;
}

/** Reads for how long an answer is fresh (RFC 9111, 4.2.1): null where it does not say, 0 where it must not be kept. */
export function maxAgeMsOf(headers: Headers): number | null {
  const control = headers.get("cache-control")?.toLowerCase() ?? "";
  if (/(?:^|[\s,])no-(?:cache|store)(?:[\s,]|$)/.test(control)) return 0;
  const age = /(?:^|[\s,])max-age="?(\d{1,9})/.exec(control)?.[1];
  if (age === undefined) return null;
  const spent = /^\d{1,9}$/.exec(headers.get("age")?.trim() ?? "")?.[0] ?? "0";
  return Math.max(0, Number(age) - Number(spent)) * 1000;
}

/**
 * How long to leave a feed alone, in ms: what it asks for, at least `leastMs` and at most an hour. After failures,
 * twice as long each time, and between half and all of that, so that feeds which failed together do not come back
 * together; never less than `Retry-After`.
 *
 * @param leastMs `NEWS_POLL_MS`. Where it is above an hour, it wins.
 * @param share From 0 to 1, by chance.
 */
export function pollIntervalMs(
  { ttlMs, maxAgeMs, retryAfterMs, failures }: PollHints,
  leastMs: number,
  share: number,
): number {
  const most = Math.max(leastMs, MAX_POLL_INTERVAL_MS);
  const wait = Math.min(leastMs * 2 ** failures, most);
  const own = failures === 0 ? Math.max(ttlMs ?? 0, maxAgeMs ?? 0) : wait * (0.5 + 0.5 * share);
  return Math.round(Math.min(Math.max(own, retryAfterMs ?? 0, leastMs), most));
}
