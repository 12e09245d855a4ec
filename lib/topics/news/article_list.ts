/**
 * Lists of articles: of events, and of events and the archive together.
 *
 * @module
 */
import type { StreamEvent } from "../../core/event.ts";
import { type Article, type RankedArticle, sortTimeOf, toArticle } from "./article.ts";
import { rankOf } from "./news_filter.ts";
import { NEWS_EVENTS, type NewsEvent, Retraction } from "./topic.ts";

/** The projection of some events. */
export interface ArticleList {
  /** Each article once, in its latest version, in the order in which articles first appear. */
  readonly articles: readonly Article[];
  /** The ids of retracted articles, in the order of their retraction. They are not among the articles. */
  readonly retracted: readonly string[];
}

/** The parsed article of each event. The events of a window never change, and every list reads them again. */
const parsedArticles = new WeakMap<NewsEvent, RankedArticle>();

function rankedArticleOf(event: NewsEvent): RankedArticle {
  const ranked = parsedArticles.get(event) ??
    { article: toArticle(JSON.parse(event.json)), rankAt: rankOf(event.tags) };
  parsedArticles.set(event, ranked);
  return ranked;
}

/** Projects events, oldest first. An update does not move an article, because readers would mistake it for a new one. */
function projectEvents(events: Iterable<NewsEvent>) {
  const articles = new Map<string, RankedArticle>();
  const retracted = new Set<string>();
  for (const event of events) {
    if (event.type === NEWS_EVENTS.retracted) {
      const { id } = Retraction.parse(JSON.parse(event.json));
      articles.delete(id);
      retracted.add(id);
      continue;
    }
    const ranked = rankedArticleOf(event);
    if (!retracted.has(ranked.article.id)) articles.set(ranked.article.id, ranked);
  }
  return { articles, retracted };
}

/** Projects events to a list of articles. @param events Oldest first. */
export function toArticleList(events: Iterable<NewsEvent>): ArticleList {
  const { articles, retracted } = projectEvents(events);
  return {
    articles: [...articles.values()].map(({ article }) => article),
    retracted: [...retracted],
  };
}

/** Sorts articles by publication, newest first. Of articles with the same time, the later one in the list comes first. */
export function newestFirst(articles: Iterable<RankedArticle>): readonly Article[] {
  return [...articles].reverse().map((ranked) => ({ ranked, time: sortTimeOf(ranked) }))
    .toSorted((a, b) => b.time - a.time).map(({ ranked }) => ranked.article);
}

/** Lists all articles of the log and the archive, newest first. The log has the later state of an article. */
export function mergeWithArchive(
  events: readonly StreamEvent[],
  archived: readonly RankedArticle[],
): readonly Article[] {
  const { articles, retracted } = projectEvents(events);
  const merged = new Map<string, RankedArticle>();
  for (const ranked of archived) {
    if (!retracted.has(ranked.article.id)) merged.set(ranked.article.id, ranked);
  }
  for (const [id, ranked] of articles) merged.set(id, ranked);
  return newestFirst(merged.values());
}
