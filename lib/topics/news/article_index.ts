/**
 * The articles that are known now, as the log tells them.
 *
 * @module
 */
import type { StreamEvent } from "../../core/event.ts";
import { Article, Retraction } from "./article.ts";
import { type ArticleKey, articleKeys } from "./article_keys.ts";

/** Retractions that are known at a time, at most. Of articles there are as many as the log keeps: see `library.ts`. */
const MAX_RETRACTED = 2000;

/** An event of the topic, as the log has it. */
export type NewsEvent = Pick<StreamEvent, "type" | "json">;

/** What is known. It is what the events say that were applied: the same events make the same shelf. */
export interface ArticleIndex {
  /** Takes an event in. To apply one again changes nothing, as long as no newer one of its article came between. */
  apply(event: NewsEvent): void;
  article(id: string): Article | undefined;
  /** The article that one of these keys stands for: the first key that stands for any. */
  find(keys: readonly ArticleKey[]): Article | undefined;
  isRetracted(id: string): boolean;
  /** Lets go of an article: the log keeps nothing of it any more. */
  forget(id: string): void;
  /** Another shelf with the same on it. */
  copy(): ArticleIndex;
}

interface IndexContent {
  readonly articles: Map<string, Article>;
  /** The id that each key stands for. */
  readonly ids: Map<ArticleKey, string>;
  readonly retracted: Set<string>;
}

function indexOf({ articles, ids, retracted }: IndexContent): ArticleIndex {
  function drop(id: string): void {
    const article = articles.get(id);
    articles.delete(id);
    for (const key of article ? articleKeys(article) : []) {
      if (ids.get(key) === id) ids.delete(key);
    }
  }

  function put(article: Article): void {
    if (retracted.has(article.id)) return;
    drop(article.id);
    articles.set(article.id, article);
    for (const key of articleKeys(article)) ids.set(key, article.id);
  }

  return {
    apply({ type, json }) {
      if (type !== "article.retracted") return put(Article.parse(JSON.parse(json)));
      const { id } = Retraction.parse(JSON.parse(json));
      drop(id);
      retracted.add(id);
      const [oldest] = retracted;
      if (retracted.size > MAX_RETRACTED && oldest !== undefined) retracted.delete(oldest);
    },
    article: (id) => articles.get(id),
    find(keys) {
      for (const key of keys) {
        const article = articles.get(ids.get(key) ?? "");
        if (article !== undefined) return article;
      }
      return undefined;
    },
    isRetracted: (id) => retracted.has(id),
    forget: drop,
    copy: () =>
      indexOf({
        articles: new Map(articles),
        ids: new Map(ids),
        retracted: new Set(retracted),
      }),
  };
}

/** Creates a shelf with what these events tell, oldest first: what the log keeps of the topic. */
export function createArticleIndex(events: Iterable<NewsEvent> = []): ArticleIndex {
  const shelf = indexOf({ articles: new Map(), ids: new Map(), retracted: new Set() });
  for (const event of events) shelf.apply(event);
  return shelf;
}
