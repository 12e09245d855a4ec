/**
 * Deduplication: finds the article that an item repeats or changes.
 *
 * @module
 */
import { DAY_MS, isoTime } from "../../core/time.ts";
import { type Article, type ArticleSource, MAX_ARTICLE_SOURCES } from "./article.ts";
import type { ArticleIndex } from "./article_index.ts";
import { articleIdOf, contentVersion, itemKeys, titleKey } from "./article_keys.ts";
import type { FeedItem } from "./parse/item.ts";

/** The longest time between two articles of one story. Sources reuse a title, such as a weekly report's, after days. */
const MAX_SAME_STORY_MS = 2 * DAY_MS;

/** An item and its origin. */
export interface IncomingItem {
  readonly item: FeedItem;
  /** The source's name in filters. */
  readonly source: string;
  /** The source's display name. */
  readonly sourceName: string;
  /** A publisher's item is matched by link or guid only, and never changes an article, because corrections do that. */
  readonly by: "feed" | "publisher";
  readonly symbols: readonly string[];
  readonly isSimulated: boolean;
}

/**
 * An item's classification.
 *
 * | kind          | means                                                |
 * | ------------- | ---------------------------------------------------- |
 * | `duplicate`   | the item changes nothing                             |
 * | `retracted`   | the article was retracted                            |
 * | `new`         | no article matches                                   |
 * | `updated`     | the first source changed the title or the summary    |
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

/** Creates the article of a new item. @param now Wall time. It is shown as `first_seen_at`. */
function createArticle(incoming: IncomingItem, id: string, now: number): Article {
  const { item, source, sourceName, symbols, isSimulated } = incoming;
  return {
    id,
    story: id,
    title: item.title,
    summary: item.summary,
    url: item.url,
    image: item.image,
    author: item.author,
    categories: [...item.categories],
    language: item.language,
    sources: [{ source, name: sourceName, url: item.url }],
    published_at: item.publishedAt === null ? null : isoTime(item.publishedAt),
    first_seen_at: isoTime(now),
    updated_at: null,
    symbols: [...symbols],
    backfill: false,
    simulated: isSimulated,
  };
}

function hasSource(article: Article, source: string): boolean {
  return article.sources.some((articleSource) => articleSource.source === source);
}

/**
 * Finds an article of other sources with the same distinctive title, published within
 * {@linkcode MAX_SAME_STORY_MS}. One source may use a title twice.
 */
function findSameStory(
  index: ArticleIndex,
  { item, source, by }: IncomingItem,
  now: number,
): Article | undefined {
  const key = by === "feed" ? titleKey(item.title) : null;
  const article = key === null ? undefined : index.find([key]);
  if (article === undefined || hasSource(article, source)) return undefined;
  const articleAt = Date.parse(article.published_at ?? article.first_seen_at);
  const itemAt = item.publishedAt ?? now;
  return Math.abs(itemAt - articleAt) <= MAX_SAME_STORY_MS ? article : undefined;
}

/**
 * Classifies an item. Only the article's first source updates it, so that two headlines do not alternate. That source
 * must have changed its own text since the last poll, so that a publisher's correction stands until then. An article
 * keeps its link.
 *
 * @param seen The article id and the {@linkcode contentVersion} of the item at its last poll, null at its first. A seen
 * item whose article is not in the index is a duplicate, because the article has left the log.
 * @param now Wall time, in milliseconds since the Unix epoch. Articles show it.
 */
export function classifyItem(
  index: ArticleIndex,
  incoming: IncomingItem,
  seen: { readonly id: string; readonly version: string } | null,
  now: number,
): Classification {
  const { item, source, sourceName, by } = incoming;
  const id = seen?.id ?? articleIdOf(source, item);
  if (index.isRetracted(id)) return { kind: "retracted", id };
  const match = index.get(id) ??
    (seen ? undefined : index.find(itemKeys(source, item)) ?? findSameStory(index, incoming, now));
  if (match === undefined) {
    if (seen) return { kind: "duplicate", id };
    return { kind: "new", id, article: createArticle(incoming, id, now) };
  }
  const updated_at = isoTime(now);
  if (!hasSource(match, source)) {
    if (match.sources.length >= MAX_ARTICLE_SOURCES) return { kind: "duplicate", id: match.id };
    const addedSource: ArticleSource = { source, name: sourceName, url: item.url };
    const article = { ...match, sources: [...match.sources, addedSource], updated_at };
    return { kind: "addedSource", id: match.id, article };
  }
  const version = contentVersion(item);
  const isChanged = by === "feed" && match.sources[0]?.source === source &&
    version !== contentVersion(match) &&
    // Without an earlier version, a publisher's correction looks like a change of the source. An article that was
    // updated does not change then.
    (seen ? version !== seen.version : match.updated_at === null);
  if (!isChanged) return { kind: "duplicate", id: match.id };
  const article = { ...match, title: item.title, summary: item.summary, updated_at };
  return { kind: "updated", id: match.id, article };
}
