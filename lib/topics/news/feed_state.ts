/**
 * What is known of a feed between two polls, whoever makes them.
 *
 * @module
 */
import { z } from "zod";
import type { FeedStatus } from "./article.ts";
import type { Feed } from "./feeds.ts";
import type { NewsStore } from "./tombstones.ts";
import { SeenItems } from "./seen_items.ts";

/** How long a feed that is not asked is remembered. */
const KEPT_MS = 7 * 86_400_000;

const text = z.string().nullable();
const time = z.number().nullable();

/** Times are in ms since the epoch. */
const FeedMemory = z.object({
  /** What the feed is asked at: another address than the configured one where it has moved. */
  url: z.string(),
  etag: text,
  last_modified: text,
  ttl_ms: time,
  failures: z.int(),
  state: z.enum(["waiting", "ok", "unchanged", "broken", "gone"]),
  reason: text,
  polled_at: time,
  /** Null where it is not asked again. */
  next_poll_at: time,
  /** What its items were made of when they were met last. */
  traces: SeenItems,
});

/** What is known of a feed. */
export type FeedState = Readonly<z.infer<typeof FeedMemory>>;

/** A feed that was never asked. */
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
    traces: [],
  };
}

/** The key of a feed: another URL under the same name is another feed. */
function keyOf({ name, url }: Feed): string {
  return `news:feed:${name}:${url}`;
}

/** What is known of a feed. What cannot be read was written by another version of us: the feed counts as never asked. */
export async function loadFeedState(memory: NewsStore, feed: Feed): Promise<FeedState> {
  const kept = await memory.get(keyOf(feed));
  if (kept === null) return initialFeedState(feed);
  try {
    return FeedMemory.parse(JSON.parse(kept));
  } catch {
    return initialFeedState(feed);
  }
}

/** Keeps what is known of a feed for a week. */
export async function saveFeedState(
  memory: NewsStore,
  feed: Feed,
  known: FeedState,
): Promise<void> {
  await memory.set(keyOf(feed), JSON.stringify(known), KEPT_MS);
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** An address as everybody may see it: a query may hold an operator's key. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** How a feed is doing, for people. One that has moved says so for as long as the settings name its old address. */
export function toFeedStatus({ name, title, url }: Feed, known: FeedState): FeedStatus {
  const hasMoved = known.url !== url && (known.state === "ok" || known.state === "unchanged");
  return {
    source: name,
    name: title,
    url: shown(url),
    state: hasMoved ? "moved" : known.state,
    moved_to: known.url === url ? null : shown(known.url),
    reason: known.reason,
    polled_at: isoTime(known.polled_at),
    next_poll_at: known.state === "waiting" ? null : isoTime(known.next_poll_at),
  };
}
