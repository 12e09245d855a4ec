/**
 * The status of all feeds, cached for readers on any isolate.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { Store } from "../../store/store.ts";
import type { FeedStatus } from "./article.ts";
import { type FeedState, initialFeedState, loadFeedState, toFeedStatus } from "./feed_state.ts";
import type { Feed } from "./feeds.ts";

/** The shortest interval between two look-ups of other isolates' results: a viewer costs no command. */
const LOOK_UP_INTERVAL_MS = 15_000;

/** The status of all feeds. */
export interface FeedStatusCache {
  /** Sets the state of a feed that this isolate polls. */
  put(feed: Feed, state: FeedState): void;
  /** Reads every feed's status, in the order of the list. It never rejects: without the store it is the last known one. */
  read(): Promise<FeedStatus[]>;
}

/** Creates a cache in which every feed is `waiting`. */
export function createFeedStatusCache(
  clock: Pick<Clock, "elapsed">,
  feeds: readonly Feed[],
  store: Pick<Store, "get">,
): FeedStatusCache {
  const states = new Map(feeds.map((feed) => [feed, initialFeedState(feed)]));
  let lookedUpAt = -Infinity;
  let lookUp = Promise.resolve();

  async function lookUpFeed(feed: Feed): Promise<void> {
    const before = states.get(feed);
    const found = await loadFeedState(store, feed);
    // A put() in the meantime is newer than what was loaded.
    if (states.get(feed) === before) states.set(feed, found);
  }

  async function lookUpAll(): Promise<void> {
    try {
      await Promise.all(feeds.map(lookUpFeed));
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
    }
  }

  return {
    put(feed, state) {
      states.set(feed, state);
    },
    async read() {
      if (clock.elapsed() - lookedUpAt >= LOOK_UP_INTERVAL_MS) {
        lookedUpAt = clock.elapsed();
        lookUp = lookUpAll();
      }
      await lookUp;
      return [...states].map(([feed, state]) => toFeedStatus(feed, state));
    },
  };
}
