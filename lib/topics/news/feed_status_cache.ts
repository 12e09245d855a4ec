/**
 * The cache of the status of all feeds, for readers on any isolate.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { Store } from "../../store/store.ts";
import { type FeedState, initialFeedState, loadFeedStates } from "./feed_state.ts";
import { type FeedStatus, toFeedStatus } from "./feed_status.ts";
import type { Feed } from "./feeds.ts";

/** The shortest interval between two look-ups of other isolates' polls, however many clients read the status. */
const LOOK_UP_INTERVAL_MS = 15_000;

/** The status of all feeds. */
export interface FeedStatusCache {
  /** Sets the state of a feed that this isolate polls. */
  put(feed: Feed, state: FeedState): void;
  /**
   * Reads the status of every feed, in the order of the settings. While the store is unavailable it is the last known
   * one.
   */
  read(): Promise<readonly FeedStatus[]>;
}

/** Creates a cache in which every feed is `waiting`. */
export function createFeedStatusCache(
  clock: Pick<Clock, "elapsed">,
  feeds: readonly Feed[],
  store: Pick<Store, "getMany">,
): FeedStatusCache {
  const states = new Map(feeds.map((feed) => [feed, initialFeedState(feed)]));
  /** Monotonic time of the last look-up. */
  let lookedUpAt = -Infinity;
  let lookUp = Promise.resolve();

  async function lookUpAll(): Promise<void> {
    const cachedStates = new Map(states);
    try {
      for (const [feed, storedState] of await loadFeedStates(store, feeds)) {
        // A put() in the meantime is newer than the stored state.
        if (states.get(feed) === cachedStates.get(feed)) states.set(feed, storedState);
      }
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
