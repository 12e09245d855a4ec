/**
 * The news service: all that routes need of news.
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
import { Article, type FeedStatus, newsTopic, RETRACTED, Retraction } from "./article.ts";
import type { NewsEvent } from "./article_index.ts";
import { createArticleRepository } from "./article_repository.ts";
import { createFeedScheduler, type FeedSchedulerOptions } from "./feed_scheduler.ts";
import { createFeedStatusCache } from "./feed_status.ts";
import { type ArticleIngest, createArticleIngest } from "./ingest.ts";

/** The articles that some events add up to. */
export interface ArticleList {
  /** Each article once, in its latest version, in the order in which articles first appear. */
  readonly articles: readonly Article[];
  /** Ids in the order of their retraction. None of them is among the articles. */
  readonly retracted: readonly string[];
}

/** One answer to a polling client. */
export interface NewsPage extends ArticleList {
  /** The position of the last event, or null while it is unknown. The next page, or a stream, begins after it. */
  readonly cursor: Position | null;
  /** False if more events wait after the page. */
  readonly isWhole: boolean;
  /** True if the log no longer holds some event after the client's cursor. */
  readonly hasGap: boolean;
}

/** News. */
export interface NewsService extends Pick<ArticleIngest, "submit" | "correct" | "retract"> {
  readonly topic: Topic;
  /** The polling interval to advise clients, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Keeps feeds polled for a while, and waits briefly for their first polls. It never rejects. */
  watch(): Promise<void>;
  /** Reads the newest articles of some sources, newest first. @param sources Null for all. */
  latest(sources: readonly string[] | null, limit: number): Promise<NewsPage>;
  /** Reads the events after a cursor, oldest first. @param sources Null for all. */
  since(sources: readonly string[] | null, cursor: string, limit: number): Promise<NewsPage>;
  /** Reads the status of the feeds of some sources. @param sources Null for all. */
  feeds(sources: readonly string[] | null): Promise<readonly FeedStatus[]>;
  /** Stops polling for good. Resolves once this isolate's lease is released, if it held one. */
  resign(): Promise<void>;
}

/** The settings of news. */
export interface NewsOptions extends FeedSchedulerOptions {
  /** The lifetime of retraction tombstones, in milliseconds. */
  readonly retainMs: number;
}

/** Articles by their event. A window's events never change, and every list reads them again. */
const parsedArticles = new WeakMap<NewsEvent, Article>();

function articleOf(event: NewsEvent): Article {
  const article = parsedArticles.get(event) ?? Article.parse(JSON.parse(event.json));
  parsedArticles.set(event, article);
  return article;
}

/**
 * Folds events into the articles they add up to. An update does not move an article: readers would take it for a new one.
 *
 * @param events Oldest first.
 */
export function toArticleList(events: Iterable<NewsEvent>): ArticleList {
  const articles = new Map<string, Article>();
  const retracted = new Set<string>();
  for (const event of events) {
    if (event.type === RETRACTED) {
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

/** Returns the publication time that sorts an article, never later than its first sight: a source's clock may be fast. */
function sortTimeOf({ published_at, first_seen_at }: Article): number {
  const seenAt = Date.parse(first_seen_at);
  return published_at === null ? seenAt : Math.min(Date.parse(published_at), seenAt);
}

/** Sorts articles by publication, newest first. Among equals, the later one in the list comes first. */
export function newestFirst(articles: readonly Article[]): readonly Article[] {
  return articles.toReversed().map((article) => ({ article, time: sortTimeOf(article) }))
    .sort((a, b) => b.time - a.time).map(({ article }) => article);
}

/**
 * Creates the news of an isolate. While the topic has subscribers on any isolate, the elected leader polls the feeds.
 * While the store is unavailable, no isolate does: their articles could not be published.
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
      await withTimeout(clock, leaderElection.settled().then(() => scheduler.firstPolls));
    },
    async latest(sources, limit) {
      const { events, cursor } = await hub.latest({ topic: newsTopic, tags: sources });
      const articles = newestFirst(toArticleList(events).articles).slice(0, limit);
      return { articles, retracted: [], cursor, isWhole: true, hasGap: false };
    },
    async since(sources, after, limit) {
      const filter = { topic: newsTopic, tags: sources };
      const { events, ...position } = await hub.since(filter, after, limit);
      return { ...toArticleList(events), ...position };
    },
    async feeds(sources) {
      const all = await statuses.read();
      return all.filter(({ source }) => sources === null || sources.includes(source));
    },
    resign: leaderElection.resign,
  };
}
