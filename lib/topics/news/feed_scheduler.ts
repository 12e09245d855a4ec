/**
 * The feed scheduler: polls each feed at its own interval, so that a slow feed delays no other.
 *
 * @module
 */
import { type Logger, messageOf } from "../../core/logger.ts";
import { Problem } from "../../core/problem.ts";
import type { Runtime } from "../../core/runtime.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { Store } from "../../store/store.ts";
import type { LeaderElection } from "../leader_election.ts";
import { type FeedState, loadFeedState, saveFeedState } from "./feed_state.ts";
import type { FeedStatusCache } from "./feed_status_cache.ts";
import type { Feed, FeedSettings } from "./feeds.ts";
import type { ArticleIngest, IngestResult } from "./ingest.ts";
import type { FeedItem } from "./parse/item.ts";
import { MAX_POLL_INTERVAL_MS, type Poll, pollFeed } from "./poll.ts";
import { loadSeenItems, saveSeenItems, type SeenItem } from "./seen_items.ts";

/** The dependencies of a scheduler. */
export interface FeedSchedulerServices {
  readonly store: Pick<Store, "get" | "set">;
  readonly ingest: Pick<ArticleIngest, "ingest">;
  readonly statuses: Pick<FeedStatusCache, "put">;
  readonly leaderElection: Pick<LeaderElection, "stepDown">;
}

/** Polls feeds. */
export interface FeedScheduler {
  /**
   * Starts polling. It must be stopped before the next start.
   *
   * @returns A function that stops polling. A poll that is under way completes, but publishes and saves nothing unless it
   * has already begun to. Further calls have no effect.
   */
  start(): () => void;
  /**
   * Resolves once the first attempt of every feed since the last start is over, or once the scheduler is stopped. A feed
   * that is not due, or whose poll fails, counts.
   */
  readonly firstPolls: Promise<void>;
}

/** Returns the newest date of some items, in milliseconds since the Unix epoch. Returns null if none has a date. */
function newestDate(items: readonly FeedItem[]): number | null {
  const dates = items.flatMap(({ publishedAt }) => publishedAt ?? []);
  return dates.length === 0 ? null : Math.max(...dates);
}

/** Creates a scheduler that is stopped. */
export function createFeedScheduler(
  runtime: Runtime,
  { feeds, pollMs, isSimulated }: FeedSettings,
  { store, ingest, statuses, leaderElection }: FeedSchedulerServices,
): FeedScheduler {
  const { clock, log } = runtime;
  /** The monotonic time at which each feed is due, and the wall time of the poll from which it was computed. */
  const schedules = new Map<Feed, { readonly polledAt: number | null; readonly dueAt: number }>();
  /** What each feed has shown so far, as this leader has read or written it. */
  const seenByFeed = new Map<Feed, readonly SeenItem[]>();
  let firstPolls: Promise<void> = Promise.resolve();

  /**
   * Computes the time until a feed is due, in milliseconds. The stored times are wall time, because isolates share them.
   * They are converted to this isolate's monotonic time once for each poll, so a wall clock that jumps neither suspends
   * a feed nor polls it early. Another isolate's clock cannot suspend it for longer than the interval.
   */
  function msUntilDue(feed: Feed, { polled_at, next_poll_at }: FeedState): number {
    if (next_poll_at === null) return Infinity;
    const schedule = schedules.get(feed);
    if (schedule?.polledAt === polled_at) return schedule.dueAt - clock.elapsed();
    const waitMs = Math.min(next_poll_at - clock.now(), next_poll_at - (polled_at ?? 0));
    schedules.set(feed, { polledAt: polled_at, dueAt: clock.elapsed() + waitMs });
    return waitMs;
  }

  /**
   * Ingests the items of a feed's document. What the feed has shown so far is saved last, so that an error loses nothing.
   */
  async function ingestItems(feed: Feed, items: readonly FeedItem[]): Promise<IngestResult> {
    const { name: source, title: sourceName, symbols = [] } = feed;
    const seenItems = seenByFeed.get(feed) ?? await loadSeenItems(store, feed);
    const result = await ingest.ingest(
      { source, sourceName, symbols, isSimulated },
      items,
      seenItems,
    );
    const hasChanged = JSON.stringify(result.seenItems) !== JSON.stringify(seenItems);
    if (hasChanged) await saveSeenItems(store, feed, result.seenItems);
    seenByFeed.set(feed, result.seenItems);
    return result;
  }

  /** Ingests the items of a poll. @returns The feed's next state, with what became of the items. */
  async function ingestPoll(feed: Feed, { items, state }: Poll): Promise<FeedState> {
    if (items === null) return state;
    const { published, cut } = await ingestItems(feed, items);
    const publishedAt = published > 0 ? clock.now() : state.last_article_at;
    // The articles of the first document are old, so its newest date tells more than the time of the poll.
    const last_article_at = state.last_article_at === null
      ? newestDate(items) ?? publishedAt
      : publishedAt;
    return { ...state, cut, last_article_at };
  }

  /** Polls a feed if it is due, and ingests its items. @returns The time until it is due again, in milliseconds. */
  async function pollIfDue(feed: Feed, stopped: AbortSignal): Promise<number> {
    const previousState = await loadFeedState(store, feed);
    statuses.put(feed, previousState);
    const waitMs = msUntilDue(feed, previousState);
    if (stopped.aborted || waitMs > 0) return waitMs;
    const poll = await pollFeed(runtime, feed, previousState, pollMs);
    if (stopped.aborted) return 0;
    try {
      const nextState = await ingestPoll(feed, poll);
      await saveFeedState(store, feed, nextState);
      statuses.put(feed, nextState);
    } catch (thrown) {
      if (!(thrown instanceof Problem && thrown.code === "fenced")) throw thrown;
      leaderElection.stepDown();
    }
    return msUntilDue(feed, poll.state);
  }

  /** Polls a feed like {@linkcode pollIfDue}, and logs an error instead of throwing it. */
  async function tryPoll(feed: Feed, stopped: AbortSignal): Promise<number> {
    try {
      return await pollIfDue(feed, stopped);
    } catch (thrown) {
      // The leader election reports that the store is unavailable.
      const level: keyof Logger = thrown instanceof StoreUnavailable ? "debug" : "error";
      log[level]("A feed could not be ingested", { feed: feed.name, reason: messageOf(thrown) });
      return pollMs;
    }
  }

  return {
    start() {
      const stop = new AbortController();
      seenByFeed.clear(); // another isolate may have led in between
      const done = Promise.withResolvers<void>();
      const timers = new Map<Feed, () => void>();
      let pendingFeeds = feeds.length;

      function pollAfter(feed: Feed, ms: number, onPolled = () => {}): void {
        timers.set(
          feed,
          clock.after(ms, async () => {
            const waitMs = await tryPoll(feed, stop.signal);
            onPolled();
            // A feed that is `gone` is checked too, because it is polled again once its state has expired.
            const delayMs = Math.min(waitMs, MAX_POLL_INTERVAL_MS);
            if (!stop.signal.aborted) pollAfter(feed, delayMs);
          }),
        );
      }

      function countFirstPoll(): void {
        if (--pendingFeeds === 0) done.resolve();
      }

      if (feeds.length === 0) done.resolve();
      // The first polls wait for a timer, so that a start that is stopped immediately polls nothing.
      for (const feed of feeds) pollAfter(feed, 0, countFirstPoll);
      firstPolls = done.promise;
      return () => {
        stop.abort();
        for (const cancel of timers.values()) cancel();
        done.resolve();
      };
    },
    get firstPolls() {
      return firstPolls;
    },
  };
}
