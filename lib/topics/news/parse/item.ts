/**
 * The items of a feed's document, in every format.
 *
 * @module
 */
import {
  MAX_AUTHOR_CHARACTERS,
  MAX_CATEGORIES,
  MAX_CATEGORY_CHARACTERS,
  MAX_GUID_CHARACTERS,
  MAX_SUMMARY_CHARACTERS,
  MAX_TITLE_CHARACTERS,
} from "../article.ts";
import { canonicalUrl, comparableUrl } from "./canonical_url.ts";
import { parseDate } from "./date.ts";
import { htmlToText, plainToText } from "./html_text.ts";

/** An item in plain text, with an http or https URL. */
export interface FeedItem {
  /** The source's identifier of the item, or null if it gives none. */
  readonly guid: string | null;
  readonly title: string;
  /** Empty if the source gives none. */
  readonly summary: string;
  readonly url: string;
  /** False if `url` is the feed's own page, which does not identify the article. */
  readonly hasOwnLink: boolean;
  /** Milliseconds since the Unix epoch, or null if the feed has no date that can be true. */
  readonly publishedAt: number | null;
  /**
   * The time by which the item is ranked, in milliseconds since the Unix epoch: `publishedAt`, or a time between the dated
   * neighbours of an undated item. Null if the document has no date at all.
   */
  readonly rankAt: number | null;
  /** The https URL of a picture, or null. */
  readonly image: string | null;
  readonly author: string | null;
  readonly categories: readonly string[];
  /** A language tag (BCP 47), or null. */
  readonly language: string | null;
}

/** A parsed document. */
export interface FeedDocument {
  readonly items: readonly FeedItem[];
  /** The number of items that are left out, because they have no link or no words. */
  readonly skipped: number;
  /** The number of `items` without a date that can be true. */
  readonly undated: number;
  /** The polling interval that the feed asks for, in milliseconds, or null. */
  readonly ttlMs: number | null;
}

/** A text as the feed wrote it. */
export interface RawText {
  readonly content: string;
  /** True if the format says that it is no HTML: no markup is removed from it. */
  readonly isPlain: boolean;
}

/** An item as the feed wrote it. None of its fields is trusted. Lists have the most reliable value first. */
export interface RawItem {
  readonly guid: string | null;
  readonly titles: readonly RawText[];
  /** Summaries, then contents. */
  readonly summaries: readonly RawText[];
  readonly links: readonly string[];
  readonly dates: readonly string[];
  /** The URLs of pictures. */
  readonly images: readonly string[];
  readonly authors: readonly string[];
  readonly categories: readonly string[];
  readonly language: string | null;
}

/** The uncleaned content of a document. */
export interface RawDocument {
  readonly items: readonly RawItem[];
  /** The feed's page, as the feed wrote it. */
  readonly page: string | null;
  /** The polling interval that the feed asks for, in milliseconds, or null. */
  readonly ttlMs: number | null;
}

/** The properties of a document that its items depend on. */
export interface DocumentContext {
  /** The base of relative links. */
  readonly base: string;
  /** The canonical URL of the feed's page, for items without a link. */
  readonly pageUrl: string | null;
}

/** An item, and the date that ranks it among the others. */
export interface DatedItem {
  readonly raw: RawItem;
  /** Milliseconds since the Unix epoch, or null if the feed has no date that can be true. */
  readonly publishedAt: number | null;
  readonly rankAt: number | null;
}

/** Values that stand for no link. */
const NO_LINK = /^(?:n\/?a|none|null|nil|undefined|tb[acd]|[-#]+)$/i;

/** A language tag (BCP 47), as far as feeds use them. */
const LANGUAGE_TAG = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i;

/** Parses candidates in their order. @returns The first result that is not null, or null. */
function parseFirst<Candidate, T>(
  candidates: readonly Candidate[],
  parse: (candidate: Candidate) => T | null,
): T | null {
  for (const candidate of candidates) {
    const result = parse(candidate);
    if (result !== null) return result;
  }
  return null;
}

/** Cleans the guid of an item. @returns Null if it has no text. */
export function cleanGuid(guid: string | null): string | null {
  return htmlToText(guid ?? "", MAX_GUID_CHARACTERS) || null;
}

/** Cleans a text. @returns Null if it has no words. */
function cleanText({ content, isPlain }: RawText, maxLength: number): string | null {
  return (isPlain ? plainToText : htmlToText)(content, maxLength) || null;
}

/** Returns the canonical form of a link. A host without a scheme is one, and not a path at the feed's host. */
function resolveItemLink(link: string, base: string): string | null {
  const text = link.trim();
  if (text === "" || NO_LINK.test(text)) return null;
  return canonicalUrl(
    /^www\.[^\s/]+\.[a-z]{2,}(?:[/?#]|$)/i.test(text) ? `https://${text}` : text,
    base,
  );
}

/** Finds the item's link. A link to the feed's page is not the item's own. */
function findLink(links: RawItem["links"], { base, pageUrl }: DocumentContext): string | null {
  const comparablePage = pageUrl === null ? null : comparableUrl(pageUrl);
  return parseFirst(links, (link) => {
    const url = resolveItemLink(link, base);
    return url === null || comparableUrl(url) === comparablePage ? null : url;
  });
}

/** Finds a picture that a page on https may show. */
function findImage(images: RawItem["images"], { base }: DocumentContext): string | null {
  return parseFirst(images, (image) => {
    const url = image.trim() === "" ? null : canonicalUrl(image, base);
    return url?.startsWith("https:") ? url : null;
  });
}

/** Cleans the categories of an item: each once, as the feed spells it first. */
function cleanCategories(categories: RawItem["categories"]): readonly string[] {
  const cleaned = new Map<string, string>();
  for (const category of categories) {
    const text = htmlToText(category, MAX_CATEGORY_CHARACTERS);
    if (text !== "" && !cleaned.has(text.toLowerCase())) cleaned.set(text.toLowerCase(), text);
    if (cleaned.size === MAX_CATEGORIES) break;
  }
  return [...cleaned.values()];
}

/**
 * Dates the items of a document. An undated one is ranked between its dated neighbours, and one at an end beside the nearest
 * dated one.
 *
 * @param now Wall time, in milliseconds since the Unix epoch. A later date counts as missing.
 */
export function dateItems(items: readonly RawItem[], now: number): readonly DatedItem[] {
  const dates = items.map(({ dates }) => parseFirst(dates, (date) => parseDate(date, now)));
  const known = dates.filter((date) => date !== null);
  const steps = known.slice(1).map((date, index) => Math.sign(date - (known[index] ?? date)));
  const isOldestFirst = steps.reduce((sum, step) => sum + step, 0) > 0;
  const step = isOldestFirst ? 1 : -1;
  /** The nearest dates before and after each item. */
  const before: (number | null)[] = [];
  for (const date of dates) before.push(date ?? before.at(-1) ?? null);
  const after: (number | null)[] = [];
  for (const date of dates.toReversed()) after.push(date ?? after.at(-1) ?? null);
  after.reverse();
  /** The number of undated items since the last dated one. */
  let run = 0;
  return items.map((raw, index) => {
    const publishedAt = dates[index] ?? null;
    run = publishedAt === null ? run + 1 : 0;
    const [previousAt, nextAt] = [before[index] ?? null, after[index] ?? null];
    const rankAt = publishedAt ??
      (previousAt === null ? nextAt === null ? null : nextAt - step : previousAt + step * run);
    return { raw, publishedAt, rankAt };
  });
}

/**
 * Cleans an item. The beginning of the summary replaces a missing title.
 *
 * @returns Null if the item has no text or no URL.
 */
export function cleanItem(
  { raw, publishedAt, rankAt }: DatedItem,
  context: DocumentContext,
): FeedItem | null {
  // A summary without words, such as a picture alone, hides no content.
  const summary = parseFirst(raw.summaries, (text) => cleanText(text, MAX_SUMMARY_CHARACTERS)) ??
    "";
  const title = parseFirst(raw.titles, (text) => cleanText(text, MAX_TITLE_CHARACTERS)) ??
    plainToText(summary, MAX_TITLE_CHARACTERS);
  const link = findLink(raw.links, context);
  const url = link ?? context.pageUrl;
  if (title === "" || url === null) return null;
  const language = raw.language?.trim().replaceAll("_", "-") ?? "";
  return {
    guid: cleanGuid(raw.guid),
    title,
    summary,
    url,
    hasOwnLink: link !== null,
    publishedAt,
    rankAt,
    image: findImage(raw.images, context),
    author: parseFirst(raw.authors, (name) => htmlToText(name, MAX_AUTHOR_CHARACTERS) || null),
    categories: cleanCategories(raw.categories),
    language: LANGUAGE_TAG.test(language) ? language : null,
  };
}
