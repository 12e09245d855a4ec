/**
 * The news service: the interface of news for the routes.
 *
 * @module
 */
import type { Position } from "../../core/position.ts";
import { Problem } from "../../core/problem.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { SharedState } from "../../store/backend.ts";
import { KEEP_WARM_POLLS, withTimeout } from "../keep_warm.ts";
import { createLeaderElection } from "../leader_election.ts";
import type { Article } from "./article.ts";
import { createArticleArchive } from "./article_archive.ts";
import { type ArticleList, mergeWithArchive, toArticleList } from "./article_list.ts";
import { createArticleRepository } from "./article_repository.ts";
import type { FindSymbols } from "./article_symbols.ts";
import { createFeedScheduler } from "./feed_scheduler.ts";
import type { FeedStatus } from "./feed_status.ts";
import { createFeedStatusCache } from "./feed_status_cache.ts";
import type { FeedSettings } from "./feeds.ts";
import { type ArticleIngest, createArticleIngest } from "./ingest.ts";
import { ALL_NEWS, articleTest, type NewsFilter, newsListFilter } from "./news_filter.ts";
import { newsTopic } from "./topic.ts";

/** A page of articles for a polling client. */
export interface NewsPage extends ArticleList {
  /**
   * The position of the last event, after which the next page or a stream begins. Null while the store is unavailable.
   */
  readonly cursor: Position | null;
  /** False if more events wait after the page. */
  readonly isWhole: boolean;
  /** True if the log no longer holds some event after the client's cursor. */
  readonly hasGap: boolean;
}

/** Reads and publishes news, and polls its feeds. */
export interface NewsService extends Pick<ArticleIngest, "submit" | "correct" | "retract"> {
  readonly topic: Topic;
  /** The polling interval to advise clients, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Keeps the feeds polled for {@linkcode KEEP_WARM_POLLS} intervals, and waits briefly for their first polls. */
  watch(): Promise<void>;
  /**
   * Reads the newest articles, newest first.
   *
   * @param limit The most articles.
   * @param before The id of an article: only older ones are read. By default the list begins with the newest.
   * @throws {Problem} 404 `unknown_article`: no article has the id `before`.
   */
  latest(filter: NewsFilter, limit: number, before?: string): Promise<NewsPage>;
  /** Reads an article. @throws {Problem} 404 `unknown_article`. */
  article(id: string): Promise<Article>;
  /**
   * Reads the articles and retractions after a cursor, oldest first.
   *
   * @param limit The most events.
   */
  since(filter: NewsFilter, cursor: string, limit: number): Promise<NewsPage>;
  /** Reads the status of feeds. @param sources The sources to include, null for all. */
  feeds(sources: readonly string[] | null): Promise<readonly FeedStatus[]>;
  /** Stops polling permanently. Resolves once this isolate has released its lease, if it held one. */
  resign(): Promise<void>;
}

/** The settings of news. */
export interface NewsOptions extends FeedSettings {
  /** The most articles of a source that lists retain, however old they are. */
  readonly maxPerSource: number;
  /** The most bytes of an event. */
  readonly maxEventBytes: number;
  /** Finds the symbols of feeds' articles. By default they have those of their feed only. */
  readonly findSymbols?: FindSymbols;
}

/** Creates the problem of an unknown article, which is the same for a retracted one. */
export function unknownArticle(): Problem {
  return new Problem(404, "unknown_article", "No article has this id, or it was retracted.");
}

/**
 * Creates the news of an isolate. While the topic has subscribers on any isolate, the elected leader polls the feeds.
 * While the store is unavailable, no isolate polls them, because their articles could not be published.
 */
export function createNewsService(
  runtime: Runtime,
  options: NewsOptions,
  hub: Hub,
  { log, store, lease, health }: Pick<SharedState, "log" | "store" | "lease" | "health">,
): NewsService {
  const { clock } = runtime;
  const { feeds, pollMs, maxPerSource, maxEventBytes, findSymbols = () => [] } = options;
  const leaderElection = createLeaderElection(runtime, lease("news"), health);
  const { fence } = leaderElection;
  const archive = createArticleArchive({ clock, store, sources: feeds.map(({ name }) => name) });
  const repository = createArticleRepository({
    ...{ clock, hub, log, store, archive, fence },
    ...{ maxPerSource, maxEventBytes, logger: runtime.log },
  });
  const ingest = createArticleIngest({ clock, repository, store, maxPerSource, findSymbols });
  const statuses = createFeedStatusCache(clock, feeds, store);
  const scheduler = createFeedScheduler(runtime, options, {
    store,
    ingest,
    statuses,
    leaderElection,
  });
  let stopPolling = () => {};

  leaderElection.onRole((role) => {
    stopPolling();
    stopPolling = role === "leader" ? scheduler.start() : () => {};
  });
  hub.whileSubscribed(newsTopic, leaderElection.start);

  /** Lists all articles, newest first. */
  async function readAll() {
    const [{ events, cursor }, archived] = await Promise.all([
      hub.latest(newsListFilter(ALL_NEWS)),
      archive.read(),
    ]);
    return { articles: mergeWithArchive(events, archived), cursor };
  }

  return {
    submit: ingest.submit,
    correct: ingest.correct,
    retract: ingest.retract,
    topic: newsTopic,
    nextPollDelayS: Math.max(1, Math.ceil(pollMs / 1000)),
    async watch() {
      hub.keepOpen(newsTopic, KEEP_WARM_POLLS * pollMs);
      await withTimeout(clock, leaderElection.waitForRole().then(() => scheduler.firstPolls));
    },
    async latest(filter, limit, before) {
      const { articles, cursor } = await readAll();
      const start = before === undefined ? 0 : 1 + articles.findIndex(({ id }) => id === before);
      if (before !== undefined && start === 0) throw unknownArticle();
      const listed = articles.slice(start).filter(articleTest(filter)).slice(0, limit);
      return { articles: listed, retracted: [], cursor, isWhole: true, hasGap: false };
    },
    async article(id) {
      const { articles } = await readAll();
      const article = articles.find((candidate) => candidate.id === id);
      if (article === undefined) throw unknownArticle();
      return article;
    },
    async since(filter, after, limit) {
      const { events, ...position } = await hub.since(newsListFilter(filter), after, limit);
      return { ...toArticleList(events), ...position };
    },
    async feeds(sources) {
      return (await statuses.read()).filter(({ source }) =>
        sources === null || sources.includes(source)
      );
    },
    resign: leaderElection.resign,
  };
}
