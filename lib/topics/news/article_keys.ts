/**
 * Article keys: the identity by which items are deduplicated.
 *
 * An item has keys made of its guid, its link and its title. Items that share a key are one article. Keys and ids are
 * hashes of what the source wrote, so every isolate computes the same ones, before and after a restart.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Article } from "./article.ts";
import { canonicalUrl, comparableUrl } from "./parse/canonical_url.ts";
import type { FeedItem } from "./parse/item.ts";

/** The characters of a key: 96 bits of a hash. */
const KEY_LENGTH = 16;

/** A shorter title may belong to several articles: "Market update", "Employment Situation". */
const MIN_TITLE_WORDS = 5;
const MIN_TITLE_LENGTH = 28;

/** A hash that identifies an article. An article's id is the strongest key of its first item. */
export type ArticleKey = string;

function hash(kind: string, ...parts: readonly string[]): ArticleKey {
  const text = JSON.stringify([kind, ...parts]);
  return createHash("sha256").update(text).digest("base64url").slice(0, KEY_LENGTH);
}

/** Removes what differs between spellings of one title: case, accents, punctuation, blanks. */
function normalizeTitle(title: string): string {
  return title.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}%$€£+]+/gu, " ").trim();
}

function urlKey(url: string): ArticleKey {
  return hash("link", comparableUrl(url));
}

/** A guid that is a URL counts as a link. Another one is known within its source only: two sources may use the same. */
function guidKey(source: string, guid: string): ArticleKey {
  const url = canonicalUrl(guid);
  return url === null ? hash("guid", source, guid) : urlKey(url);
}

/** Returns the key that items of several sources share by their title, or null if the title is too common for one. */
export function titleKey(title: string): ArticleKey | null {
  const normal = normalizeTitle(title);
  const isDistinctive = normal.length >= MIN_TITLE_LENGTH &&
    normal.split(" ").length >= MIN_TITLE_WORDS;
  return isDistinctive ? hash("title", normal) : null;
}

/** Returns the keys of an item, the strongest first: guid, link, or its title within the source if it has neither. */
export function itemKeys(source: string, item: FeedItem): readonly [ArticleKey, ...ArticleKey[]] {
  const { guid, title, url, hasOwnLink } = item;
  const byUrl = hasOwnLink ? urlKey(url) : null;
  if (guid === null) return [byUrl ?? hash("words", source, normalizeTitle(title))];
  const byGuid = guidKey(source, guid);
  return byUrl === null || byUrl === byGuid ? [byGuid] : [byGuid, byUrl];
}

/**
 * Returns the id of the article that an item begins. The link comes before the guid: it is the same at every source, so
 * two isolates that see the article at two sources at once give it one id.
 */
export function articleIdOf(source: string, item: FeedItem): string {
  return item.hasOwnLink ? urlKey(item.url) : itemKeys(source, item)[0];
}

/** Returns the keys of an article: its id, its links, its title. */
export function articleKeys(article: Article): readonly ArticleKey[] {
  const sourceUrls = article.sources.map(({ url }) => url)
    // The first source may have had no link of its own. Then its URL is the feed's page, which is no key.
    .filter((url, n) => n > 0 || urlKey(url) === article.id);
  const correctedUrls = article.url === article.sources[0]?.url ? [] : [article.url];
  const keys = [
    article.id,
    ...[...sourceUrls, ...correctedUrls].map(urlKey),
    titleKey(article.title),
  ];
  return [...new Set(keys.filter((key) => key !== null))];
}

/** Returns a hash that changes when the source changes the title or the summary. */
export function contentVersion({ title, summary }: Pick<Article, "title" | "summary">): string {
  return hash("version", title, summary);
}
