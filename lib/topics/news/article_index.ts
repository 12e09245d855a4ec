/**
 * The in-memory index of articles.
 *
 * @module
 */
import { type Article, type RankedArticle, sortTimeOf, toArticle } from "./article.ts";
import { type ArticleKey, articleKeys, storyKey } from "./identity.ts";
import { rankOf } from "./news_filter.ts";
import { NEWS_EVENTS, type NewsEvent, Retraction } from "./topic.ts";

/** The most retracted ids that the index remembers. The retention of the log limits the number of articles. */
const MAX_RETRACTED_ARTICLES = 2000;

/** Articles by id, by key and by story. The same articles and events build the same index. */
export class ArticleIndex {
  readonly #articles = new Map<string, RankedArticle>();
  /** The article id of each key. */
  readonly #idsByKey = new Map<ArticleKey, string>();
  /** The article ids of each distinctive title. */
  readonly #idsByStory = new Map<ArticleKey, ReadonlySet<string>>();
  /** The retracted ids, oldest first. */
  readonly #retracted = new Set<string>();

  /** Creates an index of some events, oldest first. */
  constructor(events: Iterable<NewsEvent> = []) {
    for (const event of events) this.apply(event);
  }

  /** Applies an event. A repeated event changes nothing unless a newer one of its article came in between. */
  apply({ type, json, tags }: NewsEvent): void {
    if (type === NEWS_EVENTS.retracted) this.#retract(Retraction.parse(JSON.parse(json)).id);
    else this.put({ article: toArticle(JSON.parse(json)), rankAt: rankOf(tags) });
  }

  /** Adds or replaces an article. Ignores a retracted one. */
  put(ranked: RankedArticle): void {
    const { article } = ranked;
    if (this.#retracted.has(article.id)) return;
    this.remove(article.id);
    this.#articles.set(article.id, ranked);
    for (const key of articleKeys(article)) this.#idsByKey.set(key, article.id);
    const story = storyKey(article.title);
    if (story === null) return;
    this.#idsByStory.set(story, new Set([...this.#idsByStory.get(story) ?? [], article.id]));
  }

  #retract(id: string): void {
    this.remove(id);
    this.#retracted.add(id);
    const [oldest] = this.#retracted;
    if (this.#retracted.size > MAX_RETRACTED_ARTICLES && oldest !== undefined) {
      this.#retracted.delete(oldest);
    }
  }

  /** Removes an article that is no longer retained. Its id may return, unlike that of a retracted one. */
  remove(id: string): void {
    const article = this.get(id);
    if (article === undefined) return;
    this.#articles.delete(id);
    for (const key of articleKeys(article)) {
      if (this.#idsByKey.get(key) === id) this.#idsByKey.delete(key);
    }
    const story = storyKey(article.title);
    if (story === null) return;
    const others = new Set([...this.#idsByStory.get(story) ?? []].filter((other) => other !== id));
    if (others.size > 0) this.#idsByStory.set(story, others);
    else this.#idsByStory.delete(story);
  }

  /** Removes the articles without one of these ids. */
  removeAllBut(ids: ReadonlySet<string>): void {
    for (const id of [...this.#articles.keys()]) {
      if (!ids.has(id)) this.remove(id);
    }
  }

  /** Returns the article of an id. */
  get(id: string): Article | undefined {
    return this.#articles.get(id)?.article;
  }

  /** Returns the rank of an undated article, or null. */
  rankOf(id: string): number | null {
    return this.#articles.get(id)?.rankAt ?? null;
  }

  /** Finds the article of the first key that has one. A corrected link does not take the article whose id it is. */
  find(keys: readonly ArticleKey[]): Article | undefined {
    for (const key of keys) {
      const article = this.get(key) ?? this.get(this.#idsByKey.get(key) ?? "");
      if (article !== undefined) return article;
    }
    return undefined;
  }

  /** Returns the articles whose title tells the same story, oldest first. */
  withTitle(title: string): readonly Article[] {
    const story = storyKey(title);
    const ids = story === null ? undefined : this.#idsByStory.get(story);
    return [...ids ?? []].map((id) => this.get(id)).filter((article) => article !== undefined);
  }

  /** Returns the articles of a source, newest first. */
  ofSource(source: string): readonly RankedArticle[] {
    return [...this.#articles.values()]
      .filter(({ article }) => article.sources.some((candidate) => candidate.source === source))
      .map((ranked) => ({ ranked, time: sortTimeOf(ranked) }))
      .toSorted((a, b) => b.time - a.time).map(({ ranked }) => ranked);
  }

  /** Returns the names of all sources. */
  sources(): ReadonlySet<string> {
    const names = [...this.#articles.values()].flatMap(({ article }) =>
      article.sources.map(({ source }) => source)
    );
    return new Set(names);
  }

  /** Tests if an article was retracted, as far as the index remembers it. */
  isRetracted(id: string): boolean {
    return this.#retracted.has(id);
  }

  /** Copies the index. Changes to the copy do not affect the original. */
  copy(): ArticleIndex {
    const copy = new ArticleIndex();
    for (const [id, ranked] of this.#articles) copy.#articles.set(id, ranked);
    for (const [key, id] of this.#idsByKey) copy.#idsByKey.set(key, id);
    for (const [story, ids] of this.#idsByStory) copy.#idsByStory.set(story, ids);
    for (const id of this.#retracted) copy.#retracted.add(id);
    return copy;
  }
}
