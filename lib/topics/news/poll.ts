/**
 * One poll of one feed: fetches and parses its document, and computes when to poll it again.
 *
 * @module
 */
import { noMetrics } from "../../core/metrics.ts";
import type { Runtime } from "../../core/runtime.ts";
import { asFailure, UpstreamFailure } from "../../upstream/failure.ts";
import { fetchAnswer, type Fetched } from "../../upstream/request.ts";
import type { FeedState } from "./feed_state.ts";
import type { Feed } from "./feeds.ts";
import type { FeedItem } from "./parse/item.ts";
import { parseFeed, UnreadableFeed } from "./parse/parse.ts";

/** The provider label of all feeds in metrics: there may be many, and their names are the operator's. */
export const FEEDS_PROVIDER = "feeds";

/** The longest interval between two polls, in milliseconds, whatever a feed asks for and however often it fails. */
export const MAX_POLL_INTERVAL_MS = 60 * 60_000;

/** The largest document, in bytes after decompression. */
const MAX_DOCUMENT_BYTES = 2 * 1_048_576;

/** The longest validator to send back. The request with a longer one would be refused. */
const MAX_VALIDATOR_LENGTH = 512;

/** Feeds come under many content types, HTML among them. The parser decides. */
const ACCEPTED_TYPES = /^$|xml|json|^text\/(?:html|plain)\b|^application\/octet-stream\b/i;

const HEADERS = {
  accept:
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
  "user-agent": "Mozilla/5.0 (compatible; Edgetape)",
};

/** The result of a poll. */
export interface Poll {
  /** Null if there is nothing to ingest: the feed is unchanged, or the poll failed. */
  readonly items: readonly FeedItem[] | null;
  /** The feed's next state. It is saved after the items were ingested, never before: an error would lose them. */
  readonly state: FeedState;
}

/** The facts that determine the interval to the next poll, in milliseconds. */
export interface PollHints {
  /** The feed's `ttl`. */
  readonly ttlMs: number | null;
  /** The answer's remaining `max-age`. */
  readonly maxAgeMs: number | null;
  /** The answer's `retry-after`. */
  readonly retryAfterMs: number | null;
  /** The failed polls in a row, this one included. */
  readonly failures: number;
}

/** Reads the remaining freshness of an answer (RFC 9111, 4.2.1). @returns Null if it is not stated, 0 if it forbids caching. */
export function maxAgeMsOf(headers: Headers): number | null {
  const control = headers.get("cache-control")?.toLowerCase() ?? "";
  if (/(?:^|[\s,])no-(?:cache|store)(?:[\s,]|$)/.test(control)) return 0;
  const maxAgeS = /(?:^|[\s,])max-age="?(\d{1,9})/.exec(control)?.[1];
  if (maxAgeS === undefined) return null;
  const ageS = /^\d{1,9}$/.exec(headers.get("age")?.trim() ?? "")?.[0] ?? "0";
  return Math.max(0, Number(maxAgeS) - Number(ageS)) * 1000;
}

/**
 * Computes the interval to the next poll: what the feed asks for, at least `minMs` and at most an hour. It doubles with
 * each failure, with jitter between half and all of it, and is never shorter than `Retry-After`.
 *
 * @param minMs `NEWS_POLL_MS`. It wins where it is longer than an hour.
 * @param jitter Random, from 0 to 1.
 */
export function pollIntervalMs(
  { ttlMs, maxAgeMs, retryAfterMs, failures }: PollHints,
  minMs: number,
  jitter: number,
): number {
  const maxMs = Math.max(minMs, MAX_POLL_INTERVAL_MS);
  const backOffMs = Math.min(minMs * 2 ** failures, maxMs) * (0.5 + 0.5 * jitter);
  const intervalMs = failures === 0 ? Math.max(ttlMs ?? 0, maxAgeMs ?? 0) : backOffMs;
  return Math.round(Math.min(Math.max(intervalMs, retryAfterMs ?? 0, minMs), maxMs));
}

function requestHeaders({ etag, last_modified }: FeedState): Record<string, string> {
  return {
    ...HEADERS,
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(last_modified === null ? {} : { "if-modified-since": last_modified }),
  };
}

function validatorOf(headers: Headers, name: "etag" | "last-modified"): string | null {
  const value = headers.get(name);
  return value !== null && value.length <= MAX_VALIDATOR_LENGTH ? value : null;
}

/** Polls a feed. It never rejects: the next state has the reason of a failure. @param minMs `NEWS_POLL_MS`. */
export async function pollFeed(
  runtime: Runtime,
  feed: Feed,
  before: FeedState,
  minMs: number,
): Promise<Poll> {
  // The shared store has these times, so they are wall time. The scheduler converts them.
  function timesAfter(
    hints: PollHints,
  ): Pick<FeedState, "polled_at" | "next_poll_at" | "failures"> {
    const now = runtime.clock.now();
    const intervalMs = pollIntervalMs(hints, minMs, runtime.random());
    return { polled_at: now, next_poll_at: now + intervalMs, failures: hints.failures };
  }

  function pollOf({ text, headers, movedTo }: Fetched): Poll {
    const url = movedTo ?? before.url;
    const document = text === null ? null : parseFeed(text, url, runtime.clock.now());
    const ttlMs = document === null ? before.ttl_ms : document.ttlMs;
    // A 304 may leave validators out: then the earlier ones hold.
    const kept = document === null ? before : { etag: null, last_modified: null };
    return {
      items: document?.items ?? null,
      state: {
        ...before,
        ...timesAfter({ ttlMs, maxAgeMs: maxAgeMsOf(headers), retryAfterMs: null, failures: 0 }),
        url,
        etag: validatorOf(headers, "etag") ?? kept.etag,
        last_modified: validatorOf(headers, "last-modified") ?? kept.last_modified,
        ttl_ms: ttlMs,
        state: document === null ? "unchanged" : "ok",
        reason: null,
      },
    };
  }

  function failedPoll(thrown: unknown): Poll {
    const isUpstream = thrown instanceof UpstreamFailure;
    const retryAfterMs = isUpstream ? thrown.retryAfterMs : null;
    const failures = before.failures + 1;
    const times = timesAfter({ ttlMs: null, maxAgeMs: null, retryAfterMs, failures });
    const hasMoved = before.url !== feed.url;
    const state: FeedState = {
      ...before,
      ...times,
      // The configured URL may know a better one by now than the one that failed.
      url: feed.url,
      ...(hasMoved ? { etag: null, last_modified: null } : {}),
      state: "broken",
      reason: isUpstream || thrown instanceof UnreadableFeed
        ? thrown.message
        : "The answer could not be read",
    };
    const isGone = isUpstream && thrown.status === 410 && !hasMoved;
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
    headers: requestHeaders(before),
    accept: ACCEPTED_TYPES,
  };
  try {
    const poll = pollOf(await fetchAnswer(runtime, request, before.url));
    metrics.called(FEEDS_PROVIDER, "ok");
    return poll;
  } catch (thrown) {
    const { kind } = asFailure(thrown, "shape", `${feed.title} answered without a feed`);
    metrics.called(FEEDS_PROVIDER, kind);
    return failedPoll(thrown);
  }
}
