/**
 * The state of a feed between two polls, in the shared store: any isolate may make the next one.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../core/time.ts";
import type { Store } from "../../store/store.ts";
import type { FeedStatus } from "./article.ts";
import type { Feed } from "./feeds.ts";

/** The time to keep the state of a feed that is not polled. */
const STATE_TTL_MS = 7 * 86_400_000;

/** The most seen items of a feed: those of the last document, then those of earlier ones. */
const MAX_SEEN_ITEMS = 200;

/** An item as of its last poll: its keys, its article's id, and its content version. */
const SeenItem = z.object({
  keys: z.array(z.string()).readonly(),
  id: z.string(),
  version: z.string(),
});

/** An item as of its last poll. */
export type SeenItem = Readonly<z.infer<typeof SeenItem>>;

const FeedState = z.object({
  /** The URL to poll: not the configured one if the feed has moved. */
  url: z.string(),
  etag: z.string().nullable(),
  last_modified: z.string().nullable(),
  ttl_ms: z.number().nullable(),
  /** The failed polls in a row. */
  failures: z.int(),
  state: z.enum(["waiting", "ok", "unchanged", "broken", "gone"]),
  reason: z.string().nullable(),
  // Wall time, in milliseconds since the Unix epoch: isolates share it, and people see it.
  polled_at: z.number().nullable(),
  /** Null if the feed is not polled again. */
  next_poll_at: z.number().nullable(),
  /**
   * The feed's items, newest first. They outlive the log, so that an item which the feed still shows is not new again
   * once its article has left the log.
   */
  seen_items: z.array(SeenItem).readonly(),
});

/** The state of a feed. */
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
    seen_items: [],
  };
}

/** Another URL under the same name is another feed. */
function storeKeyOf({ name, url }: Feed): string {
  return `news:feed:${name}:${url}`;
}

/** Loads the state of a feed. One that another version wrote and this one cannot read counts as never polled. */
export async function loadFeedState(store: Pick<Store, "get">, feed: Feed): Promise<FeedState> {
  const json = await store.get(storeKeyOf(feed));
  if (json === null) return initialFeedState(feed);
  try {
    const { traces: seen_items, ...stored } = JSON.parse(json);
    return FeedState.parse({ seen_items, ...stored }); // versions before 0.2 stored them as `traces`
  } catch {
    return initialFeedState(feed);
  }
}

/** Saves the state of a feed for seven days. */
export async function saveFeedState(
  store: Pick<Store, "set">,
  feed: Feed,
  state: FeedState,
): Promise<void> {
  await store.set(storeKeyOf(feed), JSON.stringify(state), STATE_TTL_MS);
}

/** Returns the seen item of the first key that has one. */
export function findSeenItem(
  seenItems: readonly SeenItem[],
  keys: readonly string[],
): SeenItem | null {
  for (const key of keys) {
    const found = seenItems.find((each) => each.keys.includes(key));
    if (found) return found;
  }
  return null;
}

/** Merges the items of a document with the earlier ones that share no key with them. */
export function mergeSeenItems(
  own: readonly SeenItem[],
  earlier: readonly SeenItem[],
): readonly SeenItem[] {
  const ownKeys = new Set(own.flatMap(({ keys }) => keys));
  return [...own, ...earlier.filter(({ keys }) => !keys.some((key) => ownKeys.has(key)))]
    .slice(0, MAX_SEEN_ITEMS);
}

/** Returns a URL without its query, which may hold an operator's key. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Returns the status of a feed as the wire has it. A feed is `moved` as long as the settings name its former URL. */
export function toFeedStatus({ name, title, url }: Feed, state: FeedState): FeedStatus {
  const hasMoved = state.url !== url && (state.state === "ok" || state.state === "unchanged");
  const timeOf = (ms: number | null) => ms === null ? null : isoTime(ms);
  return {
    source: name,
    name: title,
    url: withoutQuery(url),
    state: hasMoved ? "moved" : state.state,
    moved_to: state.url === url ? null : withoutQuery(state.url),
    reason: state.reason,
    polled_at: timeOf(state.polled_at),
    next_poll_at: state.state === "waiting" ? null : timeOf(state.next_poll_at),
  };
}
