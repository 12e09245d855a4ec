/**
 * Article keys: the identity by which items are deduplicated.
 *
 * The keys of an item are made of its guid, its link and its title. Items that share a key are one article. Keys and
 * ids are hashes of the source's text, so every isolate computes the same ones, before and after a restart.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Article } from "./article.ts";
import { canonicalUrl, comparableUrl } from "./parse/canonical_url.ts";
import type { FeedItem } from "./parse/item.ts";

/** The base64url digits of a key: 96 bits of a hash. */
const KEY_DIGITS = 16;

/** A title with fewer words or characters may belong to several articles: "Market update", "Employment Situation". */
const MIN_DISTINCTIVE_WORDS = 5;
const MIN_DISTINCTIVE_CHARACTERS = 28;

/** A hash that identifies an article. The id of an article is a key of its first item, see {@linkcode articleIdOf}. */
export type ArticleKey = string;

/** Hashes some texts. @param kind Keeps the hashes of different kinds of texts apart. */
function hash(kind: string, ...texts: readonly string[]): string {
  const preimage = JSON.stringify([kind, ...texts]);
  return createHash("sha256").update(preimage).digest("base64url").slice(0, KEY_DIGITS);
}

/** Removes the differences between spellings of one title: case, accents, punctuation, blanks. */
function normalizeTitle(title: string): string {
  return title.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}%$€£+]+/gu, " ").trim();
}

function urlKey(url: string): ArticleKey {
  return hash("link", comparableUrl(url));
}

/** Returns the key of a guid. A URL counts as a link. Any other guid is unique within its source only. */
function guidKey(source: string, guid: string): ArticleKey {
  const url = canonicalUrl(guid);
  return url === null ? hash("guid", source, guid) : urlKey(url);
}

/**
 * Returns the key that items of several sources share by their title, or null if the title is too short to identify
 * one.
 */
export function titleKey(title: string): ArticleKey | null {
  const normalized = normalizeTitle(title);
  const isDistinctive = normalized.length >= MIN_DISTINCTIVE_CHARACTERS &&
    normalized.split(" ").length >= MIN_DISTINCTIVE_WORDS;
  return isDistinctive ? hash("title", normalized) : null;
}

/** Returns the keys of an item, the strongest first: guid and link, or the title within the source if it has neither. */
export function itemKeys(source: string, item: FeedItem): readonly [ArticleKey, ...ArticleKey[]] {
  const { guid, title, url, hasOwnLink } = item;
  const linkKey = hasOwnLink ? urlKey(url) : null;
  if (guid === null) return [linkKey ?? hash("words", source, normalizeTitle(title))];
  const strongestKey = guidKey(source, guid);
  return linkKey === null || linkKey === strongestKey ? [strongestKey] : [strongestKey, linkKey];
}

/**
 * Returns the id of the article that an item creates. The link comes before the guid, because every source has the same
 * link. Two isolates that see the article at two sources at the same time give it one id.
 */
export function articleIdOf(source: string, item: FeedItem): ArticleKey {
  return item.hasOwnLink ? urlKey(item.url) : itemKeys(source, item)[0];
}

/** Returns the keys of an article: its id, its links, and its title if it is distinctive. */
export function articleKeys(article: Article): readonly ArticleKey[] {
  const sourceUrls = article.sources.map(({ url }) => url)
    // The first item may have had no link. Then the URL is the feed's page, which does not identify the article.
    .filter((url, index) => index > 0 || urlKey(url) === article.id);
  const correctedUrls = article.url === article.sources[0]?.url ? [] : [article.url];
  const keys = [
    article.id,
    ...[...sourceUrls, ...correctedUrls].map(urlKey),
    titleKey(article.title),
  ];
  return [...new Set(keys.filter((key) => key !== null))];
}

/** Returns a hash of the text that a source may change: the title and the summary. */
export function contentVersion({ title, summary }: Pick<Article, "title" | "summary">): string {
  return hash("version", title, summary);
}
