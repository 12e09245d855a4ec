/**
 * News, as the routes see it.
 *
 * @module
 */
import type { Position } from "../../core/position.ts";
import { Problem } from "../../core/problem.ts";
import type { Topic } from "../../core/topic.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Hub } from "../../hub/hub.ts";
import type { SharedState } from "../../store/backend.ts";
import { createLeaderElection } from "../leader_election.ts";
import { KEEP_WARM_POLLS, withTimeout } from "../keep_warm.ts";
import type { FeedStatus } from "./article.ts";
import { createFeedStatusCache } from "./feed_status.ts";
import { loadFeedState, saveFeedState } from "./feed_state.ts";
import type { Feed } from "./feeds.ts";
import { createArticleProjection } from "./article_projection.ts";
import { type ArticleList, newestFirst, toArticleList } from "./article_list.ts";
import { type ArticleIngest, createArticleIngest } from "./ingest.ts";
import { pollFeed } from "./poll.ts";
import { createArticleRepository } from "./article_repository.ts";
import { createFeedScheduler } from "./feed_scheduler.ts";
import { newsTopic } from "./topic.ts";

/** What clients that poll are given. */
export interface NewsPage extends ArticleList {
  /** Where the next page, or a stream, begins: null while that cannot be told. */
  readonly cursor: Position | null;
  /** False where more waits after it. */
  readonly isWhole: boolean;
  /** Whether something after the client's cursor is gone. */
  readonly hasGap: boolean;
}

/** News. */
export interface NewsService extends Pick<ArticleIngest, "submit" | "correct" | "retract"> {
  readonly topic: Topic;
  /** When a client that polls does well to ask again, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Says that somebody looks: feeds are asked for a while. Never rejects. */
  watch(): Promise<void>;
  /** The newest articles of some sources, or of all: newest first. */
  latest(sources: readonly string[] | null, most: number): Promise<NewsPage>;
  /** What happened after a cursor, oldest first. */
  since(sources: readonly string[] | null, cursor: string, most: number): Promise<NewsPage>;
  /** How the feeds are doing that are these sources, or all. */
  feeds(sources: readonly string[] | null): Promise<readonly FeedStatus[]>;
  /** Asks nobody any more. Resolves once the right to ask for all isolates is given back, if it was ours. */
  resign(): Promise<void>;
}

/** What news is made of. */
export interface NewsOptions {
  readonly feeds: readonly Feed[];
  /** The shortest interval between two polls of a feed. */
  readonly pollMs: number;
  /** How long what was taken back is remembered. */
  readonly retainMs: number;
  /** Whether what feeds bring is to say that it is simulated. */
  readonly simulated: boolean;
}

/**
 * Creates the news of an isolate. While somebody follows the topic, here or elsewhere, one of all isolates asks the
 * feeds. While the store is away nobody does: what they brought could not be told.
 */
export function createNewsService(
  runtime: Runtime,
  { feeds, pollMs, retainMs, simulated }: NewsOptions,
  hub: Hub,
  shared: Pick<SharedState, "log" | "store" | "lease" | "health">,
): NewsService {
  const { clock, log } = runtime;
  const { store: memory } = shared;
  const topic = newsTopic();
  const leaderElection = createLeaderElection(runtime, shared.lease("news"), shared.health);
  const library = createArticleProjection(shared.log, topic);
  const press = createArticleRepository({ topic, hub, library, fence: leaderElection.fence, log });
  const { ingest: takeIn, ...newsroom } = createArticleIngest({
    clock,
    memory,
    retainMs,
    ...press,
  });
  const board = createFeedStatusCache(clock, feeds, memory);
  const rounds = createFeedScheduler({ clock, log, feeds, ask, brokenMs: pollMs });
  let stopRounds = () => {};

  leaderElection.onRole((role) => {
    stopRounds();
    stopRounds = role === "leader" ? rounds.start() : () => {};
  });
  hub.whileSubscribed(topic, leaderElection.start);

  async function ask(feed: Feed, isRunning: () => boolean): Promise<number> {
    const before = await loadFeedState(memory, feed);
    board.put(feed, before);
    const due = before.next_poll_at ?? Infinity;
    if (!isRunning() || due > clock.now()) return due - clock.now();
    const { items, state: known } = await pollFeed(runtime, feed, before, pollMs);
    if (!isRunning()) return 0;
    try {
      const { traces } = known;
      const about = {
        source: feed.name,
        name: feed.title,
        by: "feed" as const,
        symbols: [],
        simulated,
      };
      const met = items === null ? traces : await takeIn(about, items, traces);
      const after = { ...known, traces: met };
      await saveFeedState(memory, feed, after);
      board.put(feed, after);
    } catch (thrown) {
      if (!(thrown instanceof Problem && thrown.code === "fenced")) throw thrown;
      leaderElection.stepDown();
    }
    return (known.next_poll_at ?? Infinity) - clock.now();
  }

  return {
    ...newsroom,
    topic,
    nextPollDelayS: Math.max(1, Math.ceil(pollMs / 1000)),
    async watch() {
      hub.keepOpen(topic, KEEP_WARM_POLLS * pollMs);
      await withTimeout(clock, leaderElection.settled().then(() => rounds.firstPolls));
    },
    async latest(sources, most) {
      const { events, cursor } = await hub.latest({ topic, tags: sources });
      const articles = newestFirst(toArticleList(events).articles);
      return {
        articles: articles.slice(0, most),
        retracted: [],
        cursor,
        isWhole: true,
        hasGap: false,
      };
    },
    async since(sources, after, most) {
      const { events, ...position } = await hub.since({ topic, tags: sources }, after, most);
      return { ...toArticleList(events), ...position };
    },
    async feeds(sources) {
      const all = await board.read();
      return all.filter(({ source }) => sources === null || sources.includes(source));
    },
    resign: leaderElection.resign,
  };
}
