/**
 * The in-memory index of articles.
 *
 * @module
 */
import type { StreamEvent } from "../../core/event.ts";
import { Article, RETRACTED, Retraction } from "./article.ts";
import { type ArticleKey, articleKeys } from "./article_keys.ts";

/** The most retracted ids that are kept. The number of articles has no limit of its own: the log's applies. */
const MAX_RETRACTED_ARTICLES = 2000;

/** An event of the news topic. */
export type NewsEvent = Pick<StreamEvent, "type" | "json">;

/** Articles by id and by key. The same events build the same index. */
export class ArticleIndex {
  readonly #articles = new Map<string, Article>();
  /** The article id of each key. */
  readonly #ids = new Map<ArticleKey, string>();
  readonly #retracted = new Set<string>();

  /** Creates an index of some events, oldest first. */
  constructor(events: Iterable<NewsEvent> = []) {
    for (const event of events) this.apply(event);
  }

  /** Applies an event. A repeated event changes nothing unless a newer one of its article came in between. */
  apply({ type, json }: NewsEvent): void {
    if (type === RETRACTED) this.#retract(Retraction.parse(JSON.parse(json)).id);
    else this.put(Article.parse(JSON.parse(json)));
  }

  /** Adds or replaces an article, unless it is retracted. */
  put(article: Article): void {
    if (this.#retracted.has(article.id)) return;
    this.remove(article.id);
    this.#articles.set(article.id, article);
    for (const key of articleKeys(article)) this.#ids.set(key, article.id);
  }

  #retract(id: string): void {
    this.remove(id);
    this.#retracted.add(id);
    const [oldest] = this.#retracted;
    if (this.#retracted.size > MAX_RETRACTED_ARTICLES && oldest !== undefined) {
      this.#retracted.delete(oldest);
    }
  }

  /** Removes an article that the log no longer holds. */
  remove(id: string): void {
    const article = this.#articles.get(id);
    if (article === undefined) return;
    this.#articles.delete(id);
    for (const key of articleKeys(article)) {
      if (this.#ids.get(key) === id) this.#ids.delete(key);
    }
  }

  /** Returns the article of an id. */
  get(id: string): Article | undefined {
    return this.#articles.get(id);
  }

  /** Returns the article of the first key that has one. */
  find(keys: readonly ArticleKey[]): Article | undefined {
    for (const key of keys) {
      const article = this.#articles.get(this.#ids.get(key) ?? "");
      if (article !== undefined) return article;
    }
    return undefined;
  }

  isRetracted(id: string): boolean {
    return this.#retracted.has(id);
  }

  /** Copies the index, so that a draft may change. */
  copy(): ArticleIndex {
    const copy = new ArticleIndex();
    for (const [id, article] of this.#articles) copy.#articles.set(id, article);
    for (const [key, id] of this.#ids) copy.#ids.set(key, id);
    for (const id of this.#retracted) copy.#retracted.add(id);
    return copy;
  }
}
