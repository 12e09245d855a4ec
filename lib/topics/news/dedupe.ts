/**
 * What an item means, given what is known.
 *
 * @module
 */
import { type Article, type ArticleSource, MAX_SOURCES } from "./article.ts";
import { articleIdOf, contentVersion, itemKeys, titleKey } from "./article_keys.ts";
import type { FeedItem } from "./parse/item.ts";
import type { ArticleIndex } from "./article_index.ts";

/** Two sources that use one title tell one story if they do so within two days. */
const SAME_STORY_MS = 2 * 86_400_000;

/** An item, and whose it is. */
export interface IncomingItem {
  readonly item: FeedItem;
  /** Names the source in filters. */
  readonly source: string;
  /** The source's name for people. */
  readonly name: string;
  /** A publisher says which article it is by link or guid alone, and changes words by a correction. */
  readonly by: "feed" | "publisher";
  readonly symbols: readonly string[];
  readonly simulated: boolean;
}

/** What was made of an item of the same key when it was met last. */
export interface Trace {
  readonly id: string;
  readonly version: string;
}

/**
 * | kind      | means                                                              |
 * | --------- | ------------------------------------------------------------------ |
 * | `nothing` | known, and as it was                                               |
 * | `refused` | taken back, and still remembered                                   |
 * | `new`     | an article nobody has told                                         |
 * | `updated` | its first source has changed its words                             |
 * | `sourced` | another source tells it too                                        |
 */
export type Classification =
  | { readonly kind: "nothing" | "refused"; readonly id: string }
  | {
    readonly kind: "new" | "updated" | "sourced";
    readonly id: string;
    readonly article: Article;
  };

/** What is the same for every way of looking an item up. */
export function identityOf({ guid, title, url, hasOwnLink }: FeedItem) {
  return { guid, title, link: hasOwnLink ? url : null };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function newArticle(
  { item, symbols, simulated }: IncomingItem,
  id: string,
  from: ArticleSource,
  now: number,
): Article {
  return {
    id,
    title: item.title,
    summary: item.summary,
    url: item.url,
    sources: [from],
    published_at: item.publishedAt === null ? null : isoTime(item.publishedAt),
    first_seen_at: isoTime(now),
    updated_at: null,
    symbols: [...symbols],
    simulated,
  };
}

/**
 * An article of other sources with the same telling title, told at about the same time. One source may use a title
 * twice.
 */
function findSameStory(
  shelf: ArticleIndex,
  incoming: IncomingItem,
  now: number,
): Article | undefined {
  const { item, source, by } = incoming;
  const key = by === "feed" ? titleKey(item.title) : null;
  const article = key === null ? undefined : shelf.find([key]);
  if (article === undefined || article.sources.some((each) => each.source === source)) return;
  const told = Date.parse(article.published_at ?? article.first_seen_at);
  return Math.abs((item.publishedAt ?? now) - told) <= SAME_STORY_MS ? article : undefined;
}

/**
 * Weighs an item. Only the source that told an article first may change its words, so that two sources with other
 * headlines do not take turns; and only if it has changed its own since it was met last, so that an editor's
 * correction stands until the source has something new to say. An article's link never changes: it is what names it.
 *
 * @param trace Of the item, null where it was never met. An article that is known by its trace, and no more by the
 * shelf, has lapsed: it does not come back.
 */
export function classifyItem(
  shelf: ArticleIndex,
  incoming: IncomingItem,
  trace: Trace | null,
  now: number,
): Classification {
  const { item, source, name, by } = incoming;
  const identity = identityOf(item);
  const id = trace?.id ?? articleIdOf(source, identity);
  if (shelf.isRetracted(id)) return { kind: "refused", id };
  const known = shelf.article(id) ??
    (trace
      ? undefined
      : shelf.find(itemKeys(source, identity)) ?? findSameStory(shelf, incoming, now));
  const from: ArticleSource = { source, name, url: item.url };
  if (known === undefined) {
    if (trace) return { kind: "nothing", id };
    return { kind: "new", id, article: newArticle(incoming, id, from, now) };
  }
  const updated = { ...known, updated_at: isoTime(now) };
  if (!known.sources.some((each) => each.source === source)) {
    if (known.sources.length >= MAX_SOURCES) return { kind: "nothing", id: known.id };
    const article = { ...updated, sources: [...known.sources, from] };
    return { kind: "sourced", id: known.id, article };
  }
  const version = contentVersion(item);
  const isChanged = by === "feed" && known.sources[0]?.source === source &&
    version !== contentVersion(known) &&
    // Without a trace, words that were corrected since may be the source's or an editor's.
    (trace ? version !== trace.version : known.updated_at === null);
  if (!isChanged) return { kind: "nothing", id: known.id };
  const article = { ...updated, title: item.title, summary: item.summary };
  return { kind: "updated", id: known.id, article };
}
