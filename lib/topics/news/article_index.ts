/**
 * The in-memory index of articles.
 *
 * @module
 */
import { type Article, parseArticle } from "./article.ts";
import { type ArticleKey, articleKeys } from "./article_keys.ts";
import { NEWS_EVENTS, type NewsEvent, Retraction } from "./topic.ts";

/** The most retracted ids that the index remembers. The retention of the log limits the number of articles. */
const MAX_RETRACTED_ARTICLES = 2000;

/** Articles by id and by key. The same events build the same index. */
export class ArticleIndex {
  readonly #articles = new Map<string, Article>();
  /** The article id of each key. */
  readonly #idsByKey = new Map<ArticleKey, string>();
  /** The retracted ids, oldest first. */
  readonly #retracted = new Set<string>();

  /** Creates an index of some events, oldest first. */
  constructor(events: Iterable<NewsEvent> = []) {
    for (const event of events) this.apply(event);
  }

  /** Applies an event. A repeated event changes nothing unless a newer one of its article came in between. */
  apply({ type, json }: NewsEvent): void {
    if (type === NEWS_EVENTS.retracted) this.#retract(Retraction.parse(JSON.parse(json)).id);
    else this.put(parseArticle(json));
  }

  /** Adds or replaces an article. Ignores a retracted one. */
  put(article: Article): void {
    if (this.#retracted.has(article.id)) return;
    this.remove(article.id);
    this.#articles.set(article.id, article);
    for (const key of articleKeys(article)) this.#idsByKey.set(key, article.id);
  }

  #retract(id: string): void {
    this.remove(id);
    this.#retracted.add(id);
    const [oldest] = this.#retracted;
    if (this.#retracted.size > MAX_RETRACTED_ARTICLES && oldest !== undefined) {
      this.#retracted.delete(oldest);
    }
  }

  /** Removes an article that the log no longer retains. Its id may return, unlike that of a retracted one. */
  remove(id: string): void {
    const article = this.#articles.get(id);
    if (article === undefined) return;
    this.#articles.delete(id);
    for (const key of articleKeys(article)) {
      if (this.#idsByKey.get(key) === id) this.#idsByKey.delete(key);
    }
  }

  /** Returns the article of an id. */
  get(id: string): Article | undefined {
    return this.#articles.get(id);
  }

  /** Finds the article of the first key that has one. */
  find(keys: readonly ArticleKey[]): Article | undefined {
    for (const key of keys) {
      const id = this.#idsByKey.get(key);
      if (id !== undefined) return this.#articles.get(id);
    }
    return undefined;
  }

  /** Tests if an article was retracted, as far as the index remembers it. */
  isRetracted(id: string): boolean {
    return this.#retracted.has(id);
  }

  /** Copies the index. Changes to the copy do not affect the original. */
  copy(): ArticleIndex {
    const copy = new ArticleIndex();
    for (const [id, article] of this.#articles) copy.#articles.set(id, article);
    for (const [key, id] of this.#idsByKey) copy.#idsByKey.set(key, id);
    for (const id of this.#retracted) copy.#retracted.add(id);
    return copy;
  }
}
