/**
 * One poll of one feed.
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
import { maxAgeMsOf, type PollHints, pollIntervalMs } from "./poll_interval.ts";

/** Feeds are counted as one provider: there may be many, and their names are the operator's. */
export const FEEDS_PROVIDER = "feeds";

/** Of a document, after decompression. */
const MAX_BYTES = 2 * 1_048_576;

/** The longest validator that is sent back: a longer one would be refused with the request. */
const MAX_VALIDATOR = 512;

/** Feeds go under many names, HTML among them: what they are is seen when they are read. */
const ACCEPT = /^$|xml|json|^text\/(?:html|plain)\b|^application\/octet-stream\b/i;

const HEADERS = {
  accept:
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
  "user-agent": "Mozilla/5.0 (compatible; Edgetape)",
};

/** What a poll brings. */
export interface Poll {
  /** Null where there is nothing to take in: it has not changed, or it failed. */
  readonly items: readonly FeedItem[] | null;
  /** What is known of the feed now. To be kept once the items were taken in, never before: else they would be lost. */
  readonly state: FeedState;
}

function headersFor({ etag, last_modified }: FeedState): Record<string, string> {
  return {
    ...HEADERS,
    ...(etag === null ? {} : { "if-none-match": etag }),
    ...(last_modified === null ? {} : { "if-modified-since": last_modified }),
  };
}

/** A validator as it came, weak or not. */
function validator(headers: Headers, name: string): string | null {
  const value = headers.get(name);
  return value !== null && value.length <= MAX_VALIDATOR ? value : null;
}

/** Why a poll brought nothing, in words, and how long the feed asks to be left alone. */
function failureOf(thrown: unknown): Pick<UpstreamFailure, "message" | "status" | "retryAfterMs"> {
  if (thrown instanceof UpstreamFailure) return thrown;
  const message = thrown instanceof UnreadableFeed ? thrown.message : "It could not be read";
  return { message, status: null, retryAfterMs: null };
}

/**
 * Asks a feed whether there is anything new. Never rejects: what fails is told in what is known of the feed afterwards.
 *
 * @param leastMs `NEWS_POLL_MS`: the shortest interval between two polls.
 */
export async function pollFeed(
  runtime: Runtime,
  feed: Feed,
  known: FeedState,
  leastMs: number,
): Promise<Poll> {
  const options = {
    title: feed.title,
    maxBytes: MAX_BYTES,
    headers: headersFor(known),
    accept: ACCEPT,
  };

  function after(hints: PollHints): Pick<FeedState, "polled_at" | "next_poll_at" | "failures"> {
    const now = runtime.clock.now();
    const interval = pollIntervalMs(hints, leastMs, runtime.random());
    return { polled_at: now, next_poll_at: now + interval, failures: hints.failures };
  }

  function answered({ text, headers, movedTo }: Fetched): Poll {
    const document = text === null
      ? null
      : parseFeed(text, movedTo ?? known.url, runtime.clock.now());
    const ttlMs = document === null ? known.ttl_ms : document.ttlMs;
    const hints = { ttlMs, maxAgeMs: maxAgeMsOf(headers), retryAfterMs: null, failures: 0 };
    return {
      items: document?.items ?? null,
      state: {
        ...known,
        ...after(hints),
        url: movedTo ?? known.url,
        etag: validator(headers, "etag") ?? (document === null ? known.etag : null),
        last_modified: validator(headers, "last-modified") ??
          (document === null ? known.last_modified : null),
        ttl_ms: ttlMs,
        state: document === null ? "unchanged" : "ok",
        reason: null,
      },
    };
  }

  function failed(thrown: unknown): Poll {
    const { message, status, retryAfterMs } = failureOf(thrown);
    const times = after({
      ttlMs: null,
      maxAgeMs: null,
      retryAfterMs,
      failures: known.failures + 1,
    });
    const isGone = status === 410 && known.url === feed.url;
    return {
      items: null,
      state: {
        ...known,
        ...times,
        ...(isGone ? { next_poll_at: null } : {}),
        // A new address that does not answer was none: the configured one may know better by now.
        url: feed.url,
        ...(known.url === feed.url ? {} : { etag: null, last_modified: null }),
        state: isGone ? "gone" : "broken",
        reason: isGone ? "It is gone for good (410)" : message,
      },
    };
  }

  const { metrics = noMetrics } = runtime;
  try {
    const poll = answered(await fetchAnswer(runtime, options, known.url));
    metrics.called(FEEDS_PROVIDER, "ok");
    return poll;
  } catch (thrown) {
    const { kind } = asFailure(thrown, "shape", `${feed.title} answered with no feed`);
    metrics.called(FEEDS_PROVIDER, kind);
    return failed(thrown);
  }
}
