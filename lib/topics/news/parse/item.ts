/**
 * The items of a feed's document, in every format.
 *
 * @module
 */
import { MAX_GUID_CHARACTERS, MAX_SUMMARY_CHARACTERS, MAX_TITLE_CHARACTERS } from "../article.ts";
import { canonicalUrl, comparableUrl } from "./canonical_url.ts";
import { parseDate } from "./date.ts";
import { htmlToText } from "./html_text.ts";

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

/** An item as the feed wrote it. None of its fields is trusted. */
export interface RawItem {
  readonly guid: string | null;
  readonly title: string | null;
  /** Summaries and contents in HTML, the shortest kind first. */
  readonly summaries: readonly (string | null | undefined)[];
  /** Links, the most reliable first. */
  readonly links: readonly (string | null | undefined)[];
  /** Dates, the most reliable first. */
  readonly dates: readonly (string | null | undefined)[];
}

/** The properties of a document that its items depend on. */
export interface DocumentContext {
  /** The base of relative links. */
  readonly base: string;
  /** The canonical URL of the feed's page, for items without a link. */
  readonly pageUrl: string | null;
  /** Wall time, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Parses candidates in their order. @returns The first result that is not null, or null. */
function parseFirst<T>(
  candidates: readonly (string | null | undefined)[],
  parse: (candidate: string) => T | null,
): T | null {
  for (const candidate of candidates) {
    const result = candidate ? parse(candidate) : null;
    if (result !== null) return result;
  }
  return null;
}

/** Cleans the guid of an item. @returns Null if it has no text. */
export function cleanGuid(guid: string | null): string | null {
  return htmlToText(guid ?? "", MAX_GUID_CHARACTERS) || null;
}

/** Finds the item's link. A link to the feed's page is not the item's own. */
function findLink(links: RawItem["links"], { base, pageUrl }: DocumentContext): string | null {
  const comparablePage = pageUrl === null ? null : comparableUrl(pageUrl);
  return parseFirst(links, (link) => {
    const url = canonicalUrl(link, base);
    return url === null || comparableUrl(url) === comparablePage ? null : url;
  });
}

/**
 * Cleans an item. The beginning of the summary replaces a missing title.
 *
 * @returns Null if the item has no text or no URL.
 */
export function cleanItem(raw: RawItem, context: DocumentContext): FeedItem | null {
  // A summary without words, such as a picture alone, hides no content.
  const summary =
    parseFirst(raw.summaries, (html) => htmlToText(html, MAX_SUMMARY_CHARACTERS) || null) ?? "";
  const title = htmlToText(raw.title ?? "", MAX_TITLE_CHARACTERS) ||
    htmlToText(summary, MAX_TITLE_CHARACTERS);
  const link = findLink(raw.links, context);
  const url = link ?? context.pageUrl;
  if (title === "" || url === null) return null;
  const publishedAt = parseFirst(raw.dates, (date) => parseDate(date, context.now));
  return {
    guid: cleanGuid(raw.guid),
    title,
    summary,
    url,
    hasOwnLink: link !== null,
    publishedAt,
    rankAt: publishedAt,
    image: null,
    author: null,
    categories: [],
    language: null,
  };
}
