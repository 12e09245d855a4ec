/**
 * What some events of the topic come to.
 *
 * @module
 */
import { Article, Retraction } from "./article.ts";
import type { NewsEvent } from "./shelf.ts";

/** The articles of some events, and those that were taken back in them. */
export interface NewsList {
  /** Each once, as it is after the last of the events, in the order in which they came first. */
  readonly articles: readonly Article[];
  /** Ids, in the order in which they were taken back. None of them is among the articles. */
  readonly retracted: readonly string[];
}

/**
 * Sums events up: for a list, those that are kept; for a client that polls, those after its cursor. An update does
 * not move an article: readers would take it for new.
 *
 * @param events Oldest first.
 * @param sources The filter: null where there is none. An article passes it with any source it ever had. A retraction
 * always passes here: its tags were looked at when it was read.
 */
export function newsOf(
  events: Iterable<NewsEvent>,
  sources: ReadonlySet<string> | null = null,
): NewsList {
  const articles = new Map<string, Article>();
  const retracted = new Set<string>();
  for (const { type, json } of events) {
    if (type === "article.retracted") {
      const { id } = Retraction.parse(JSON.parse(json));
      articles.delete(id);
      retracted.add(id);
      continue;
    }
    const article = Article.parse(JSON.parse(json));
    if (!retracted.has(article.id)) articles.set(article.id, article);
  }
  const passing = [...articles.values()].filter((article) =>
    sources === null || article.sources.some(({ source }) => sources.has(source))
  );
  return { articles: passing, retracted: [...retracted] };
}
