/**
 * How all feeds are doing, for people, whichever isolate asks them.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { FeedStatus } from "./article.ts";
import { type FeedState, initialFeedState, loadFeedState, toFeedStatus } from "./feed_state.ts";
import type { Feed } from "./feeds.ts";
import type { NewsStore } from "./tombstones.ts";

/** What another isolate has found out is looked up so often at most, in ms: no viewer costs a command. */
const LOOKED_UP_MS = 15_000;

/** How feeds are doing. */
export interface FeedStatusCache {
  /** Puts up what was found out here. */
  put(feed: Feed, known: FeedState): void;
  /** How all are doing, in the order of the list. Never rejects: it is what was known last. */
  read(): Promise<FeedStatus[]>;
}

/** Creates a board on which every feed waits. */
export function createFeedStatusCache(
  clock: Clock,
  feeds: readonly Feed[],
  memory: NewsStore,
): FeedStatusCache {
  const known = new Map(feeds.map((feed) => [feed, initialFeedState(feed)]));
  let lookedUpAt = -Infinity;
  let looking = Promise.resolve();

  async function lookUp(feed: Feed): Promise<void> {
    const found = await loadFeedState(memory, feed);
    const own = known.get(feed);
    if ((found.polled_at ?? 0) >= (own?.polled_at ?? 0)) known.set(feed, found);
  }

  async function lookUpAll(): Promise<void> {
    try {
      await Promise.all(feeds.map(lookUp));
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
    }
  }

  return {
    put(feed, found) {
      known.set(feed, found);
    },
    async read() {
      if (clock.now() - lookedUpAt >= LOOKED_UP_MS) {
        lookedUpAt = clock.now();
        looking = lookUpAll();
      }
      await looking;
      return [...known].map(([feed, each]) => toFeedStatus(feed, each));
    },
  };
}
