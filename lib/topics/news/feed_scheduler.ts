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
import type { FeedStatusCache } from "./feed_status.ts";
import type { Feed } from "./feeds.ts";
import type { ArticleIngest } from "./ingest.ts";
import { MAX_POLL_INTERVAL_MS, pollFeed } from "./poll.ts";

/** The settings of a scheduler. */
export interface FeedSchedulerOptions {
  readonly feeds: readonly Feed[];
  /** The shortest interval between two polls of a feed, in milliseconds. */
  readonly pollMs: number;
  /** Marks what feeds bring as simulated. */
  readonly simulated: boolean;
}

/** The dependencies of a scheduler. */
export interface FeedSchedulerServices {
  readonly store: Pick<Store, "get" | "set">;
  readonly ingest: Pick<ArticleIngest, "ingest">;
  readonly statuses: Pick<FeedStatusCache, "put">;
  readonly leaderElection: Pick<LeaderElection, "stepDown">;
}

/** Polls feeds. */
export interface FeedScheduler {
  /** Starts polling. Only one start at a time. @returns A function that stops it. A poll under way ends by itself. */
  start(): () => void;
  /** Resolves once every feed was polled since the start, or was not due. */
  readonly firstPolls: Promise<void>;
}

/** Creates a scheduler that is stopped. */
export function createFeedScheduler(
  runtime: Runtime,
  { feeds, pollMs, simulated }: FeedSchedulerOptions,
  { store, ingest, statuses, leaderElection }: FeedSchedulerServices,
): FeedScheduler {
  const { clock, log } = runtime;
  /** The monotonic time at which a feed is due, and the poll after which it was computed. */
  const due = new Map<Feed, { readonly polledAt: number | null; readonly dueAt: number }>();
  let firstPolls: Promise<void> = Promise.resolve();

  /**
   * Returns the time until a feed is due, in milliseconds. The stored times are wall time, because isolates share them.
   * They are converted to this isolate's monotonic time once for each poll, so a wall clock that jumps neither suspends
   * a feed nor polls it early. Another isolate's clock cannot suspend it for longer than the interval.
   */
  function untilDue(feed: Feed, { polled_at, next_poll_at }: FeedState): number {
    if (next_poll_at === null) return Infinity;
    const known = due.get(feed);
    if (known?.polledAt === polled_at) return known.dueAt - clock.elapsed();
    const waitMs = Math.min(next_poll_at - clock.now(), next_poll_at - (polled_at ?? 0));
    due.set(feed, { polledAt: polled_at, dueAt: clock.elapsed() + waitMs });
    return waitMs;
  }

  /** Polls a feed if it is due, and ingests its items. @returns The time until it is due again, in milliseconds. */
  async function pollIfDue(feed: Feed, stopped: AbortSignal): Promise<number> {
    const before = await loadFeedState(store, feed);
    statuses.put(feed, before);
    const waitMs = untilDue(feed, before);
    if (stopped.aborted || waitMs > 0) return waitMs;
    const { items, state } = await pollFeed(runtime, feed, before, pollMs);
    if (stopped.aborted) return 0;
    try {
      const { name: source, title: name } = feed;
      const origin = { source, name, by: "feed", symbols: [], simulated } as const;
      const seen_items = items === null
        ? state.seen_items
        : await ingest.ingest(origin, items, state.seen_items);
      const after = { ...state, seen_items };
      await saveFeedState(store, feed, after);
      statuses.put(feed, after);
    } catch (thrown) {
      if (!(thrown instanceof Problem && thrown.code === "fenced")) throw thrown;
      leaderElection.stepDown();
    }
    return untilDue(feed, state);
  }

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
      const done = Promise.withResolvers<void>();
      const timers = new Map<Feed, () => void>();
      let pending = feeds.length;

      function pollAfter(feed: Feed, ms: number, onPolled = () => {}): void {
        timers.set(
          feed,
          clock.after(ms, async () => {
            const waitMs = await tryPoll(feed, stop.signal);
            onPolled();
            // A feed that is gone is looked at once an hour too: its state expires one day.
            const nextMs = Math.min(waitMs, MAX_POLL_INTERVAL_MS);
            if (!stop.signal.aborted) pollAfter(feed, nextMs);
          }),
        );
      }

      // On a timer, so that a start that is stopped at once polls nothing.
      for (const feed of feeds) pollAfter(feed, 0, () => --pending === 0 && done.resolve());
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
