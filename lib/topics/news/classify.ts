/**
 * The classification of items: a new article, a change of a known one, another source of it, or nothing.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, isoTime } from "../../core/time.ts";
import { type Article, type ArticleSource, MAX_ARTICLE_SOURCES } from "./article.ts";
import type { ArticleIndex } from "./article_index.ts";
import type { FindSymbols } from "./article_symbols.ts";
import { articleIdOf, type MatchedItem } from "./identity.ts";
import type { FeedItem } from "./parse/item.ts";
import { MAX_EDITIONS, type SeenItem } from "./seen_items.ts";
import { normalizeTitle, shareWord } from "./titles.ts";

/** The longest time between two articles of one story. Sources reuse a title, such as a weekly report's, after days. */
const MAX_SAME_STORY_MS = 2 * DAY_MS;

/** The age from which an item of a feed's first document is old news. */
const BACKFILL_AGE_MS = HOUR_MS;

/** The longest time between two sources' dates of one link, if their titles have no word in common. */
const MAX_SAME_LINK_MS = HOUR_MS;

/** The paths of pages that several stories link, such as the page of a press office. */
const LANDING_PATH =
  /^\/(?:(?:index(?:\.\w+)?|home|news|newsroom|press|press-releases?|media|blog|latest|live|updates?|status|notices?|events?|investors?|ir|landing)\/?)?$/i;

/** The origin of items. */
export interface IncomingFeed {
  /** The source's name in filters. */
  readonly source: string;
  /** The source's display name. */
  readonly sourceName: string;
  /** The symbols of all of its items. */
  readonly symbols: readonly string[];
  readonly isSimulated: boolean;
}

/** The circumstances of a classification. */
export interface ClassifyOptions {
  /** Wall time, in milliseconds since the Unix epoch. Articles show it. */
  readonly now: number;
  /** True for the first document of a feed, whose old items are {@linkcode Article.backfill}. */
  readonly isFirst: boolean;
  /** True if an article with one of the item's keys was retracted. */
  readonly isRetracted: boolean;
  /** Finds the symbols of an article by its text. */
  readonly findSymbols: FindSymbols;
}

/** The classification of an item. */
export type Classification =
  & {
    /** The item, as its feed's next document will find it. */
    readonly seen: SeenItem;
  }
  & (
    | { readonly kind: "nothing"; readonly article: null }
    | {
      readonly kind: "added" | "updated";
      /** The article with the item applied. */
      readonly article: Article;
      readonly rankAt: number | null;
    }
  );

/**
 * Tests if an item may change an article: it is new, or its source has changed it to an edition that the article has not
 * had yet. One that returns is a test of headlines.
 */
export function changesArticle({ identity, known }: MatchedItem<SeenItem>): boolean {
  if (known === null) return true;
  const { id, editions } = known;
  return id !== null && editions.length < MAX_EDITIONS && !editions.includes(identity.edition);
}

/** Unites symbols, sorted. */
function uniteSymbols(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].toSorted();
}

/** Returns the fields of an article that its first source writes. */
function writtenFields({ title, summary, url, image, author, categories, language }: FeedItem) {
  return { title, summary, url, image, author, categories: [...categories], language };
}

/** Finds the story of a new article: the one that another source has told under the same distinctive title. */
function findStory(
  index: ArticleIndex,
  source: string,
  { title, summary, publishedAt }: FeedItem,
  now: number,
): string | null {
  const sibling = index.withTitle(title).find((article) => {
    const articleAt = Date.parse(article.published_at ?? article.first_seen_at);
    return !hasSource(article, source) &&
      Math.abs((publishedAt ?? now) - articleAt) <= MAX_SAME_STORY_MS &&
      // Companies announce their earnings calls under one title. Their summaries have hardly a word in common.
      (summary === "" || article.summary === "" || shareWord(summary, article.summary));
  });
  return sibling?.story ?? null;
}

function hasSource(article: Article, source: string): boolean {
  return article.sources.some((articleSource) => articleSource.source === source);
}

/** Creates the article of a new item. @param now Wall time. It is shown as `first_seen_at`. */
export function createArticle(
  index: ArticleIndex,
  { item, source, sourceName, symbols, isSimulated }: IncomingFeed & { readonly item: FeedItem },
  id: string,
  now: number,
): Article {
  return {
    id,
    story: findStory(index, source, item, now) ?? id,
    ...writtenFields(item),
    sources: [{ source, name: sourceName, url: item.url }],
    published_at: item.publishedAt === null ? null : isoTime(item.publishedAt),
    first_seen_at: isoTime(now),
    updated_at: null,
    symbols: [...symbols],
    backfill: false,
    simulated: isSimulated,
  };
}

/** Tests if another source's item with the same link tells the article's story, under any headline. */
function isSameReport(article: Article, { title, url, publishedAt }: FeedItem): boolean {
  if (shareWord(article.title, title)) return true;
  if (LANDING_PATH.test(new URL(url).pathname)) return false;
  return article.published_at === null || publishedAt === null ||
    Math.abs(Date.parse(article.published_at) - publishedAt) <= MAX_SAME_LINK_MS;
}

/**
 * Classifies an item that is new or changed. Only an article's first source updates it, so that two headlines do not
 * alternate, and only with an edition that the article has not had, so that neither a test of headlines nor a
 * publisher's correction is overwritten again and again.
 */
export function classifyItem(
  index: ArticleIndex,
  feed: IncomingFeed,
  matched: MatchedItem<SeenItem>,
  { now, isFirst, isRetracted, findSymbols }: ClassifyOptions,
): Classification {
  const { item, identity, known, keys, reusesKey } = matched;
  const { source, sourceName } = feed;
  const editions = [...known?.editions ?? [], identity.edition];
  const symbols = uniteSymbols(feed.symbols, findSymbols(item));

  function nothing(id: string): Classification {
    return { kind: "nothing", article: null, seen: { ...identity, id, editions } };
  }

  function updated(article: Article): Classification {
    const seen = { ...identity, id: article.id, editions };
    return {
      kind: "updated",
      article: { ...article, updated_at: isoTime(now) },
      rankAt: index.rankOf(article.id),
      seen,
    };
  }

  if (known !== null && known.id !== null) {
    const article = index.get(known.id);
    if (article?.sources[0]?.source !== source) return nothing(known.id);
    const [first, ...others] = article.sources;
    const sources = first === undefined ? others : [{ ...first, url: item.url }, ...others];
    // Its publisher may have given it more symbols.
    return updated({
      ...article,
      ...writtenFields(item),
      sources,
      symbols: uniteSymbols(article.symbols, symbols),
    });
  }

  const match = reusesKey ? undefined : index.find(keys);
  if (match !== undefined && hasSource(match, source)) {
    // The state of the feed was lost, or no longer has the item. The article is known all the same.
    const hasSameTitle = normalizeTitle(match.title) === normalizeTitle(item.title);
    if (isFirst || hasSameTitle) return nothing(match.id);
  } else if (match !== undefined && isSameReport(match, item)) {
    if (match.sources.length >= MAX_ARTICLE_SOURCES) return nothing(match.id);
    const addedSource: ArticleSource = { source, name: sourceName, url: item.url };
    return updated({ ...match, sources: [...match.sources, addedSource] });
  }

  const id = articleIdOf(matched, (candidate) => index.get(candidate) !== undefined);
  const isKeyRetracted = isRetracted && !reusesKey && match === undefined;
  if (index.get(id) !== undefined || index.isRetracted(id) || isKeyRetracted) return nothing(id);
  const article = createArticle(index, { ...feed, item, symbols }, id, now);
  const isOld = item.rankAt !== null && item.rankAt < now - BACKFILL_AGE_MS;
  return {
    kind: "added",
    article: { ...article, backfill: isFirst && isOld },
    rankAt: item.publishedAt === null ? item.rankAt : null,
    seen: { ...identity, id, editions },
  };
}
