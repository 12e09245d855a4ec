/**
 * One poll of one feed: fetches and parses its document, and computes when to poll it again.
 *
 * @module
 */
import { noMetrics } from "../../core/metrics.ts";
import type { Runtime } from "../../core/runtime.ts";
import { DAY_MS, HOUR_MS } from "../../core/time.ts";
import { parseHttpDate } from "../../upstream/cooldown.ts";
import { asFailure, UpstreamFailure } from "../../upstream/failure.ts";
import { BROWSER_USER_AGENT, type FetchedResponse, fetchResponse } from "../../upstream/request.ts";
import type { FeedState } from "./feed_state.ts";
import { type Feed, withoutQuery } from "./feeds.ts";
import type { FeedItem } from "./parse/item.ts";
import { parseFeed, UnreadableFeed } from "./parse/parse.ts";

/** The provider label of all feeds in metrics. They share one, because the operator may configure many. */
export const FEEDS_PROVIDER = "feeds";

/**
 * The longest interval between two polls of a feed, whatever it asks for and however often it fails, unless
 * `NEWS_POLL_MS` is longer.
 */
export const MAX_POLL_INTERVAL_MS = HOUR_MS;

/** The longest time without a document: then the validators are not sent, because some feeds answer 304 for ever. */
const FULL_READ_INTERVAL_MS = DAY_MS;

/** The largest document, after decompression. */
const MAX_DOCUMENT_BYTES = 2 * 1_048_576;

/** The longest validator to send back, in UTF-16 units. Servers refuse a request with longer headers. */
const MAX_VALIDATOR_CHARACTERS = 512;

/** Servers send feeds with many content types, and with none. The parser decides if the document is a feed. */
const ACCEPTED_TYPES = /^(?!(?:image|audio|video)\/)/i;

const HEADERS = {
  accept:
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
  "user-agent": BROWSER_USER_AGENT,
};

/** The result of a poll. */
export interface Poll {
  /** Null if there is nothing to ingest: the feed is unchanged, or the poll failed. */
  readonly items: readonly FeedItem[] | null;
  /** The feed's next state. It must be saved after the items are ingested, because an error would lose them otherwise. */
  readonly state: FeedState;
}

/** The inputs of the interval to the next poll. */
export interface PollHints {
  /** The `ttl` of the document. */
  readonly ttlMs: number | null;
  /** The remaining freshness of the response. */
  readonly freshnessMs: number | null;
  /** The `retry-after` of the response. */
  readonly retryAfterMs: number | null;
  /** The number of failed polls since the last successful one, including this one. */
  readonly failures: number;
}

/** Reads the age of a response, in milliseconds. */
function ageMsOf(headers: Headers): number {
  const age = headers.get("age")?.trim() ?? "";
  return /^\d{1,9}$/.test(age) ? Number(age) * 1000 : 0;
}

/**
 * Computes the remaining freshness of a response (RFC 9111, 4.2.1): its `max-age`, else the time from its `Date` to its
 * `Expires`.
 *
 * @param now Wall time, in milliseconds since the Unix epoch, for a response without a `Date`.
 * @returns Milliseconds, 0 if the response forbids caching, or null if it does not say.
 */
export function freshnessMsOf(headers: Headers, now: number): number | null {
  const control = headers.get("cache-control")?.toLowerCase() ?? "";
  if (/(?:^|[\s,])no-(?:cache|store)(?:[\s,]|$)/.test(control)) return 0;
  const maxAgeS = /(?:^|[\s,])max-age="?(\d{1,9})/.exec(control)?.[1];
  const expires = headers.get("expires");
  if (maxAgeS === undefined && expires === null) return null;
  const sentAt = parseHttpDate(headers.get("date") ?? "", now) ?? now;
  const lifetimeMs = maxAgeS === undefined
    ? (parseHttpDate(expires ?? "", now) ?? sentAt) - sentAt // an invalid date, such as 0, is past
    : Number(maxAgeS) * 1000;
  return Math.max(0, lifetimeMs - ageMsOf(headers));
}

/**
 * Computes the interval to the next poll, in milliseconds. A successful poll is repeated when the feed asks for it. After
 * failures the interval starts at `minMs` and doubles with each one, with jitter between half and all of it. It is never
 * shorter than `minMs` or `Retry-After`, and never longer than {@linkcode MAX_POLL_INTERVAL_MS}.
 *
 * @param minMs `NEWS_POLL_MS`. If it is longer than the maximum, it is the interval.
 * @param jitter Random, from 0 to 1.
 */
export function pollIntervalMs(
  { ttlMs, freshnessMs, retryAfterMs, failures }: PollHints,
  minMs: number,
  jitter: number,
): number {
  const maxMs = Math.max(minMs, MAX_POLL_INTERVAL_MS);
  const backOffMs = Math.min(minMs * 2 ** failures, maxMs) * (0.5 + 0.5 * jitter);
  const intervalMs = failures === 0 ? Math.max(ttlMs ?? 0, freshnessMs ?? 0) : backOffMs;
  return Math.round(Math.min(Math.max(intervalMs, retryAfterMs ?? 0, minMs), maxMs));
}

/** Returns the headers of a request. Those of the settings may be secrets: they are sent to the configured origin only. */
function requestHeaders(
  feed: Feed,
  { url, etag, last_modified, full_read_at }: FeedState,
  now: number,
): Record<string, string> {
  const isConfiguredOrigin = new URL(url).origin === new URL(feed.url).origin;
  const ageMs = now - (full_read_at ?? -Infinity);
  // A whole read in the future was dated by a clock that was wrong.
  const isConditional = ageMs >= 0 && ageMs < FULL_READ_INTERVAL_MS;
  return {
    ...HEADERS,
    ...(isConfiguredOrigin ? feed.headers : {}),
    ...(isConditional && etag !== null ? { "if-none-match": etag } : {}),
    ...(isConditional && last_modified !== null ? { "if-modified-since": last_modified } : {}),
  };
}

function validatorOf(headers: Headers, name: "etag" | "last-modified"): string | null {
  const validator = headers.get(name);
  return validator !== null && validator.length <= MAX_VALIDATOR_CHARACTERS ? validator : null;
}

/**
 * Polls a feed. It never rejects, because the next state contains the reason of a failure.
 *
 * @param previous The state of the feed before the poll.
 * @param minMs `NEWS_POLL_MS`, the shortest interval to the next poll.
 */
export async function pollFeed(
  runtime: Runtime,
  feed: Feed,
  previous: FeedState,
  minMs: number,
): Promise<Poll> {
  /** Computes the times of the next state. They are wall time, because isolates share them. */
  function timesAfter(
    hints: PollHints,
  ): Pick<FeedState, "polled_at" | "next_poll_at" | "failures"> {
    const now = runtime.clock.now();
    const intervalMs = pollIntervalMs(hints, minMs, runtime.random());
    return { polled_at: now, next_poll_at: now + intervalMs, failures: hints.failures };
  }

  function toPoll({ text, headers, movedTo }: FetchedResponse): Poll {
    const url = movedTo ?? previous.url;
    const now = runtime.clock.now();
    // The query may contain an operator's key, which links must not repeat.
    const document = text === null ? null : parseFeed(text, withoutQuery(url), now);
    const ttlMs = document === null ? previous.ttl_ms : document.ttlMs;
    // A 304 may leave validators out. The previous ones remain valid then.
    const fallback = document === null ? previous : { etag: null, last_modified: null };
    return {
      items: document?.items ?? null,
      state: {
        ...previous,
        ...timesAfter({
          ttlMs,
          freshnessMs: freshnessMsOf(headers, now),
          retryAfterMs: null,
          failures: 0,
        }),
        url,
        etag: validatorOf(headers, "etag") ?? fallback.etag,
        last_modified: validatorOf(headers, "last-modified") ?? fallback.last_modified,
        ttl_ms: ttlMs,
        ...(document === null ? {} : {
          full_read_at: now,
          items: document.items.length + document.skipped,
          skipped: document.skipped,
          undated: document.undated,
        }),
        state: document === null ? "unchanged" : "ok",
        reason: null,
      },
    };
  }

  function toFailedPoll(thrown: unknown): Poll {
    const failure = thrown instanceof UpstreamFailure ? thrown : null;
    const retryAfterMs = failure?.retryAfterMs ?? null;
    const failures = previous.failures + 1;
    const times = timesAfter({ ttlMs: null, freshnessMs: null, retryAfterMs, failures });
    const hasMoved = previous.url !== feed.url;
    const state: FeedState = {
      ...previous,
      ...times,
      // The URL that failed may be outdated: the configured one may redirect to another by now.
      url: feed.url,
      ...(hasMoved ? { etag: null, last_modified: null } : {}),
      state: "broken",
      reason: thrown instanceof UpstreamFailure || thrown instanceof UnreadableFeed
        ? thrown.message
        : "The answer could not be read",
    };
    const isGone = failure?.status === 410 && !hasMoved;
    const reason = "The feed answered 410 Gone";
    return {
      items: null,
      state: isGone ? { ...state, next_poll_at: null, state: "gone", reason } : state,
    };
  }

  const { metrics = noMetrics } = runtime;
  const request = {
    title: feed.title,
    maxBytes: MAX_DOCUMENT_BYTES,
    headers: requestHeaders(feed, previous, runtime.clock.now()),
    accept: ACCEPTED_TYPES,
    charset: feed.charset,
  };
  try {
    const poll = toPoll(await fetchResponse(runtime, request, previous.url));
    metrics.called(FEEDS_PROVIDER, "ok");
    return poll;
  } catch (thrown) {
    const { kind } = asFailure(thrown, "shape", `${feed.title} answered without a feed`);
    metrics.called(FEEDS_PROVIDER, kind);
    return toFailedPoll(thrown);
  }
}
