/**
 * Feeds asked again and again, each at its own pace: one that hangs holds up no other.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { Feed } from "./feeds.ts";
import { MAX_POLL_INTERVAL_MS } from "./poll_interval.ts";

/** What rounds need. */
export interface FeedSchedulerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly feeds: readonly Feed[];
  /**
   * Asks a feed, if it is due.
   *
   * @param isRunning Whether what it brings is still to be taken in.
   * @returns How long to leave it alone, in ms: Infinity where it is not to be asked again.
   */
  readonly ask: (feed: Feed, isRunning: () => boolean) => Promise<number>;
  /** How long a feed is left alone where asking it broke off, in ms. */
  readonly brokenMs: number;
}

/** Feeds that are asked. */
export interface FeedScheduler {
  /** Asks from now on. One start at a time. @returns What ends it: calls that are under way end by themselves. */
  start(): () => void;
  /** Resolves once each feed was asked since the start, or was not due. */
  readonly firstPolls: Promise<void>;
}

/** Creates rounds that have not begun. */
export function createFeedScheduler(
  { clock, log, feeds, ask, brokenMs }: FeedSchedulerOptions,
): FeedScheduler {
  let first: Promise<void> = Promise.resolve();

  return {
    start() {
      let isRunning = true;
      const timers = new Map<Feed, () => void>();

      /** One feed, asked: how long to leave it alone. */
      async function turn(feed: Feed): Promise<number> {
        try {
          return await ask(feed, () => isRunning);
        } catch (thrown) {
          // Where the store is away, whoever starts the rounds is told of it too.
          const say = thrown instanceof StoreUnavailable ? log.debug : log.error;
          say("A feed could not be taken in", { feed: feed.name, reason: messageOf(thrown) });
          return brokenMs;
        }
      }

      function turnAfter(feed: Feed, ms: number, isOver = () => {}): void {
        timers.set(
          feed,
          clock.after(ms, async () => {
            const waitMs = await turn(feed);
            isOver();
            // One that is gone is looked at once an hour too: what is known of it is forgotten one day.
            if (isRunning) turnAfter(feed, Math.min(waitMs, MAX_POLL_INTERVAL_MS));
          }),
        );
      }

      const over = Promise.withResolvers<void>();
      let left = feeds.length;
      // Not in this very turn: who only looks in, and lets go at once, asks nobody.
      for (const feed of feeds) turnAfter(feed, 0, () => --left === 0 && over.resolve());
      first = over.promise;
      return () => {
        isRunning = false;
        for (const callOff of timers.values()) callOff();
        over.resolve();
      };
    },
    get firstPolls() {
      return first;
    },
  };
}
