/**
 * Which items tell the same article.
 *
 * Every item has keys: of its guid, of its link, of its title. Two items with a key in common are the same article. Keys
 * are hashes, and so are ids: whoever sees the same item calls it the same, on any isolate and after any restart.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Article } from "./article.ts";
import { canonicalUrl, comparableUrl } from "./parse/canonical_url.ts";

/** Characters of a hash that are kept: 96 bits. */
const LENGTH = 16;

/** Below that a title may be that of many articles: "Market update", "Employment Situation". */
const LEAST_WORDS = 5;
const LEAST_LENGTH = 28;

/** What tells an article apart. */
export type ArticleKey = string;

/** What keys are made of. */
export interface Identified {
  /** The source's own name for the article, null where it gives none. */
  readonly guid: string | null;
  /** Null where it leads to no page of its own. */
  readonly link: string | null;
  readonly title: string;
}

function hash(kind: string, ...parts: readonly string[]): ArticleKey {
  const text = JSON.stringify([kind, ...parts]);
  return createHash("sha256").update(text).digest("base64url").slice(0, LENGTH);
}

/** A title without what writers change: case, accents, punctuation, blanks. */
export function normalTitle(title: string): string {
  return title.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}%$€£+]+/gu, " ").trim();
}

/** Whether a title, as normalised, is that of one story only. */
function isTelling(title: string): boolean {
  return title.length >= LEAST_LENGTH && title.split(" ").length >= LEAST_WORDS;
}

/** The key of a link as `linkOf` returns it. */
export function linkKey(link: string): ArticleKey {
  return hash("link", comparableUrl(link));
}

/** The key of a guid: sources may use the same ones. */
export function guidKey(source: string, guid: string): ArticleKey {
  const link = canonicalUrl(guid);
  return link === null ? hash("guid", source, guid) : linkKey(link);
}

/** The key of a story that several sources tell under one title: null where the title is too common to tell. */
export function titleKey(title: string): ArticleKey | null {
  const normal = normalTitle(title);
  return isTelling(normal) ? hash("title", normal) : null;
}

/**
 * The keys by which an item of a source is known for sure: guid, link, or its words where it has neither. The first
 * is the strongest.
 */
export function itemKeys(source: string, { guid, link, title }: Identified): readonly ArticleKey[] {
  const keys = [
    ...(guid === null ? [] : [guidKey(source, guid)]),
    ...(link === null ? [] : [linkKey(link)]),
  ];
  return keys.length > 0 ? [...new Set(keys)] : [hash("words", source, normalTitle(title))];
}

/**
 * The id of an article that an item is the first to tell. Links come first here: they are the same for all who tell
 * it, so that two isolates which see it at once at different sources agree.
 */
export function articleIdOf(source: string, item: Identified): string {
  if (item.link !== null) return linkKey(item.link);
  return itemKeys(source, item)[0] ?? "";
}

/** The keys of what is known of an article: of its id, its links, and its title. */
export function articleKeys(article: Article): readonly ArticleKey[] {
  const own = article.sources.map(({ url }) => url)
    // Its first source may have had no link to give, but the one of its own page.
    .filter((url, n) => n > 0 || linkKey(url) === article.id);
  const corrected = article.url === article.sources[0]?.url ? [] : [article.url];
  const title = titleKey(article.title);
  const keys = [article.id, ...[...own, ...corrected].map(linkKey), title];
  return [...new Set(keys.filter((key) => key !== null))];
}

/** What changes when a source changes its words. */
export function contentVersion({ title, summary }: Pick<Article, "title" | "summary">): string {
  return hash("version", title, summary);
}
