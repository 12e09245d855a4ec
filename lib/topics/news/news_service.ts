/**
 * The news service: the interface of news for the routes.
 *
 * @module
 */
import type { Position } from "../../core/position.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { SharedState } from "../../store/backend.ts";
import { KEEP_WARM_POLLS, withTimeout } from "../keep_warm.ts";
import { createLeaderElection } from "../leader_election.ts";
import { type Article, parseArticle } from "./article.ts";
import { createArticleRepository } from "./article_repository.ts";
import { createFeedScheduler } from "./feed_scheduler.ts";
import type { FeedStatus } from "./feed_status.ts";
import { createFeedStatusCache } from "./feed_status_cache.ts";
import type { FeedSettings } from "./feeds.ts";
import { type ArticleIngest, createArticleIngest } from "./ingest.ts";
import { articleTest, type NewsFilter, newsTopicFilter } from "./news_filter.ts";
import { NEWS_EVENTS, type NewsEvent, newsTopic, Retraction } from "./topic.ts";

/** The projection of some events. */
export interface ArticleList {
  /** Each article once, in its latest version, in the order in which articles first appear. */
  readonly articles: readonly Article[];
  /** The ids of retracted articles, in the order of their retraction. They are not among the articles. */
  readonly retracted: readonly string[];
}

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
   */
  latest(filter: NewsFilter, limit: number): Promise<NewsPage>;
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
  /** The lifetime of tombstones and publishers' guids, in milliseconds. */
  readonly retainMs: number;
}

/** The parsed article of each event. The events of a window never change, and every list reads them again. */
const parsedArticles = new WeakMap<NewsEvent, Article>();

function articleOf(event: NewsEvent): Article {
  const article = parsedArticles.get(event) ?? parseArticle(event.json);
  parsedArticles.set(event, article);
  return article;
}

/**
 * Projects events to a list of articles. An update does not move an article, because readers would mistake it for a new
 * one.
 *
 * @param events Oldest first.
 */
export function toArticleList(events: Iterable<NewsEvent>): ArticleList {
  const articles = new Map<string, Article>();
  const retracted = new Set<string>();
  for (const event of events) {
    if (event.type === NEWS_EVENTS.retracted) {
      const { id } = Retraction.parse(JSON.parse(event.json));
      articles.delete(id);
      retracted.add(id);
      continue;
    }
    const article = articleOf(event);
    if (!retracted.has(article.id)) articles.set(article.id, article);
  }
  return { articles: [...articles.values()], retracted: [...retracted] };
}

/** Returns the time by which an article is sorted: its publication, or its first sight if a fast clock dates it later. */
function sortTimeOf({ published_at, first_seen_at }: Article): number {
  const seenAt = Date.parse(first_seen_at);
  return published_at === null ? seenAt : Math.min(Date.parse(published_at), seenAt);
}

/** Sorts articles by publication, newest first. Of articles with the same time, the later one in the list comes first. */
export function newestFirst(articles: readonly Article[]): readonly Article[] {
  return articles.toReversed().map((article) => ({ article, time: sortTimeOf(article) }))
    .toSorted((a, b) => b.time - a.time).map(({ article }) => article);
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
  const { feeds, pollMs, retainMs } = options;
  const leaderElection = createLeaderElection(runtime, lease("news"), health);
  const { fence } = leaderElection;
  const repository = createArticleRepository({ hub, log, fence, logger: runtime.log });
  const ingest = createArticleIngest({ clock, repository, store, retainMs });
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
    async latest(filter, limit) {
      const { events, cursor } = await hub.latest(newsTopicFilter(filter));
      const articles = newestFirst(toArticleList(events).articles).filter(articleTest(filter))
        .slice(0, limit);
      return { articles, retracted: [], cursor, isWhole: true, hasGap: false };
    },
    async since(filter, after, limit) {
      const { events, ...position } = await hub.since(newsTopicFilter(filter), after, limit);
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
