/**
 * What some events of the topic come to.
 *
 * @module
 */
import { Article, Retraction } from "./article.ts";
import type { NewsEvent } from "./article_index.ts";

/** The articles of some events, and those that were taken back in them. */
export interface ArticleList {
  /** Each once, as it is after the last of the events, in the order in which they came first. */
  readonly articles: readonly Article[];
  /** Ids, in the order in which they were taken back. None of them is among the articles. */
  readonly retracted: readonly string[];
}

/** What was read already: a window's events are listed again for everyone who asks, and never change. */
const known = new WeakMap<NewsEvent, Article>();

function articleOf(event: NewsEvent): Article {
  const article = known.get(event) ?? Article.parse(JSON.parse(event.json));
  known.set(event, article);
  return article;
}

/**
 * Sums events up: for a list, those that are kept; for a client that polls, those after its cursor. An update does
 * not move an article: readers would take it for new.
 *
 * @param events Oldest first, as the filter lets them through.
 */
export function toArticleList(events: Iterable<NewsEvent>): ArticleList {
  const articles = new Map<string, Article>();
  const retracted = new Set<string>();
  for (const event of events) {
    if (event.type === "article.retracted") {
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

/** When an article was published, as far as that is known: never after we saw it first. In ms since the epoch. */
function timeOf({ published_at, first_seen_at }: Article): number {
  const seen = Date.parse(first_seen_at);
  return published_at === null ? seen : Math.min(Date.parse(published_at), seen);
}

/** The newest articles first; of those of one time the one that came last. */
export function newestFirst(articles: readonly Article[]): readonly Article[] {
  return articles.toReversed().map((article) => ({ article, time: timeOf(article) }))
    .sort((a, b) => b.time - a.time).map(({ article }) => article);
}
