/**
 * The items of a feed's document, in every format.
 *
 * @module
 */
import { SUMMARY_LENGTH, TITLE_LENGTH } from "../article.ts";
import { parseDate } from "./date.ts";
import { canonicalUrl, comparableUrl } from "./canonical_url.ts";
import { htmlToText } from "./html_text.ts";

/** The longest guid, in UTF-16 units. */
const GUID_LENGTH = 512;

/** One item in plain text, with an http or https URL. */
export interface FeedItem {
  readonly guid: string | null;
  readonly title: string;
  readonly summary: string;
  readonly url: string;
  /** False if `url` is the feed's own page. Then it does not identify the article. */
  readonly hasOwnLink: boolean;
  /** Milliseconds since the Unix epoch, or null if the feed has no date that can be true. */
  readonly publishedAt: number | null;
}

/** A parsed document. */
export interface FeedDocument {
  readonly items: readonly FeedItem[];
  /** The interval that the feed asks for, in milliseconds, or null. */
  readonly ttlMs: number | null;
}

/** An item as the feed wrote it. Nothing of it is trusted. */
export interface RawItem {
  readonly guid: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  /** Links, the most reliable first. */
  readonly links: readonly (string | null | undefined)[];
  /** Dates, the most reliable first. */
  readonly dates: readonly (string | null | undefined)[];
}

/** The context of an item. */
export interface DocumentContext {
  /** The base of relative links. */
  readonly base: string;
  /** The feed's page, for items without a link. */
  readonly page: string | null;
  /** Wall time, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Returns the first result that is not null. */
function firstParsed<T>(texts: RawItem["links"], parse: (text: string) => T | null): T | null {
  for (const text of texts) {
    const value = text ? parse(text) : null;
    if (value !== null) return value;
  }
  return null;
}

/**
 * Cleans an item. The beginning of the summary replaces a missing title.
 *
 * @returns Null if the item has no text or no URL.
 */
export function cleanItem(raw: RawItem, { base, page, now }: DocumentContext): FeedItem | null {
  const summary = htmlToText(raw.summary ?? "", SUMMARY_LENGTH);
  const title = htmlToText(raw.title ?? "", TITLE_LENGTH) || htmlToText(summary, TITLE_LENGTH);
  const guid = htmlToText(raw.guid ?? "", GUID_LENGTH) || null;
  const home = page === null ? null : comparableUrl(page);
  const link = firstParsed(raw.links, (text) => {
    const own = canonicalUrl(text, base);
    return own === null || comparableUrl(own) === home ? null : own;
  });
  const url = link ?? page;
  if (title === "" || url === null) return null;
  const publishedAt = firstParsed(raw.dates, (text) => parseDate(text, now));
  return { guid, title, summary, url, hasOwnLink: link !== null, publishedAt };
}
