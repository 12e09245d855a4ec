/**
 * Deduplication: classifies an item against the articles that are known.
 *
 * @module
 */
import { isoTime } from "../../core/time.ts";
import { type Article, type ArticleSource, MAX_ARTICLE_SOURCES } from "./article.ts";
import type { ArticleIndex } from "./article_index.ts";
import { articleIdOf, contentVersion, itemKeys, titleKey } from "./article_keys.ts";
import type { FeedItem } from "./parse/item.ts";

/** Sources that use one title report one story if they publish it within two days. */
const SAME_STORY_MS = 2 * 86_400_000;

/** An item and its origin. */
export interface IncomingItem {
  readonly item: FeedItem;
  /** The source's name in filters. */
  readonly source: string;
  /** The source's name for people. */
  readonly name: string;
  /** A publisher's item is matched by link or guid alone, and never changes an article: corrections do. */
  readonly by: "feed" | "publisher";
  readonly symbols: readonly string[];
  readonly simulated: boolean;
}

/**
 * An item's classification.
 *
 * | kind          | means                                                |
 * | ------------- | ---------------------------------------------------- |
 * | `duplicate`   | the article is known, and the item changes nothing   |
 * | `retracted`   | the article was retracted                            |
 * | `new`         | no article matches                                   |
 * | `updated`     | the article's first source changed its title or text |
 * | `addedSource` | another source has the article too                   |
 */
export type Classification =
  | { readonly kind: "duplicate" | "retracted"; readonly id: string }
  | {
    readonly kind: "new" | "updated" | "addedSource";
    readonly id: string;
    /** The article with the item applied. */
    readonly article: Article;
  };

/** Creates the article that an item begins. @param now Wall time: it is shown as `first_seen_at`. */
function createArticle(incoming: IncomingItem, id: string, now: number): Article {
  const { item, source, name, symbols, simulated } = incoming;
  return {
    id,
    title: item.title,
    summary: item.summary,
    url: item.url,
    sources: [{ source, name, url: item.url }],
    published_at: item.publishedAt === null ? null : isoTime(item.publishedAt),
    first_seen_at: isoTime(now),
    updated_at: null,
    symbols: [...symbols],
    simulated,
  };
}

/**
 * Finds an article of other sources with the same distinctive title, published at about the same time. One source may
 * use a title twice.
 */
function findSameStory(
  index: ArticleIndex,
  { item, source, by }: IncomingItem,
  now: number,
): Article | undefined {
  const key = by === "feed" ? titleKey(item.title) : null;
  const article = key === null ? undefined : index.find([key]);
  if (article === undefined || article.sources.some((each) => each.source === source)) return;
  const publishedAt = Date.parse(article.published_at ?? article.first_seen_at);
  return Math.abs((item.publishedAt ?? now) - publishedAt) <= SAME_STORY_MS ? article : undefined;
}

/**
 * Classifies an item. Only the article's first source updates it, so that two headlines do not alternate, and only when
 * that source has changed its own text since its last poll, so that a correction stands until the source has something
 * new. An article keeps its link.
 *
 * @param seen The article id and the {@linkcode contentVersion} of the item at its last poll, null at its first. A seen item whose article is no longer in the index stays a
 * duplicate: its article has left the log.
 * @param now Wall time, in milliseconds since the Unix epoch: articles show it.
 */
export function classifyItem(
  index: ArticleIndex,
  incoming: IncomingItem,
  seen: { readonly id: string; readonly version: string } | null,
  now: number,
): Classification {
  const { item, source, name, by } = incoming;
  const id = seen?.id ?? articleIdOf(source, item);
  if (index.isRetracted(id)) return { kind: "retracted", id };
  const known = index.get(id) ??
    (seen ? undefined : index.find(itemKeys(source, item)) ?? findSameStory(index, incoming, now));
  if (known === undefined) {
    if (seen) return { kind: "duplicate", id };
    return { kind: "new", id, article: createArticle(incoming, id, now) };
  }
  const updated: Article = { ...known, updated_at: isoTime(now) };
  if (!known.sources.some((each) => each.source === source)) {
    if (known.sources.length >= MAX_ARTICLE_SOURCES) return { kind: "duplicate", id: known.id };
    const added: ArticleSource = { source, name, url: item.url };
    const article = { ...updated, sources: [...known.sources, added] };
    return { kind: "addedSource", id: known.id, article };
  }
  const version = contentVersion(item);
  const isChanged = by === "feed" && known.sources[0]?.source === source &&
    version !== contentVersion(known) &&
    // An unseen item cannot tell an editor's correction from the source's own, so a corrected article stays.
    (seen ? version !== seen.version : known.updated_at === null);
  if (!isChanged) return { kind: "duplicate", id: known.id };
  const article = { ...updated, title: item.title, summary: item.summary };
  return { kind: "updated", id: known.id, article };
}
