/**
 * The state of a feed between two polls. It is in the shared store, because any isolate may make the next poll.
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS } from "../../core/time.ts";
import type { Store } from "../../store/store.ts";
import type { Feed } from "./feeds.ts";

/** The lifetime of a feed's state after its last poll. A feed that is `gone` is polled again after it. */
const STATE_TTL_MS = 7 * DAY_MS;

const FeedState = z.object({
  /** The URL to poll: not the configured one if the feed has moved. */
  url: z.string(),
  etag: z.string().nullable(),
  last_modified: z.string().nullable(),
  ttl_ms: z.number().nullable(),
  /** The number of failed polls since the last successful one. */
  failures: z.int(),
  state: z.enum(["waiting", "ok", "unchanged", "broken", "gone"]),
  reason: z.string().nullable(),
  /** Wall time, in milliseconds since the Unix epoch, because isolates share it and people see it. Null before a poll. */
  polled_at: z.number().nullable(),
  /** Null if the feed is `gone`. */
  next_poll_at: z.number().nullable(),
  /** Wall time of the last poll that brought a document. */
  full_read_at: z.number().nullable().default(null),
  /** The number of items in the last document, with those that were left out. */
  items: z.int().default(0),
  /** The number of its items without a link or without words. */
  skipped: z.int().default(0),
  /** The number of its items that are left out because newer ones took their place. */
  cut: z.int().default(0),
  /** The number of its items without a date. */
  undated: z.int().default(0),
  /** Wall time of the last new article. */
  last_article_at: z.number().nullable().default(null),
});

/** The state of a feed between two polls. */
export type FeedState = Readonly<z.infer<typeof FeedState>>;

/** Creates the state of a feed that was never polled. */
export function initialFeedState(feed: Feed): FeedState {
  return {
    url: feed.url,
    etag: null,
    last_modified: null,
    ttl_ms: null,
    failures: 0,
    state: "waiting",
    reason: null,
    polled_at: null,
    next_poll_at: 0,
    full_read_at: null,
    items: 0,
    skipped: 0,
    cut: 0,
    undated: 0,
    last_article_at: null,
  };
}

/** The key contains the URL, so another URL under the same name is another feed. */
function storeKeyOf({ name, url }: Feed): string {
  return `news:feed:${name}:${url}`;
}

/**
 * Parses the stored state of a feed. A feed with a state of an unknown shape counts as never polled, because another
 * version may have written the state.
 */
function parseFeedState(json: string | null, feed: Feed): FeedState {
  if (json === null) return initialFeedState(feed);
  try {
    return FeedState.parse(JSON.parse(json));
  } catch {
    return initialFeedState(feed);
  }
}

/** Loads the state of a feed: that of a feed that was never polled if the store has none. */
export async function loadFeedState(store: Pick<Store, "get">, feed: Feed): Promise<FeedState> {
  return parseFeedState(await store.get(storeKeyOf(feed)), feed);
}

/** Loads the states of several feeds in one request. */
export async function loadFeedStates(
  store: Pick<Store, "getMany">,
  feeds: readonly Feed[],
): Promise<ReadonlyMap<Feed, FeedState>> {
  const values = feeds.length === 0 ? [] : await store.getMany(feeds.map(storeKeyOf));
  return new Map(feeds.map((feed, index) => [feed, parseFeedState(values[index] ?? null, feed)]));
}

/** Saves the state of a feed. It expires after {@linkcode STATE_TTL_MS}. */
export async function saveFeedState(
  store: Pick<Store, "set">,
  feed: Feed,
  state: FeedState,
): Promise<void> {
  await store.set(storeKeyOf(feed), JSON.stringify(state), STATE_TTL_MS);
}
