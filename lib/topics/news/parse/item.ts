/**
 * What a feed's document holds, whichever format it is written in.
 *
 * @module
 */
import { SUMMARY_LENGTH, TITLE_LENGTH } from "../article.ts";
import { parseDate } from "./date.ts";
import { canonicalUrl, comparableUrl } from "./canonical_url.ts";
import { htmlToText } from "./html_text.ts";

/** The longest guid, in UTF-16 units. */
const GUID_LENGTH = 512;

/** One item, cleaned: plain text, links of http(s) only. */
export interface FeedItem {
  readonly guid: string | null;
  readonly title: string;
  readonly summary: string;
  /** Where it leads. */
  readonly url: string;
  /** False where `url` is only the feed's own page: then it tells nothing about which article this is. */
  readonly hasOwnLink: boolean;
  /** In ms since the epoch: null where the feed says nothing that could be true. */
  readonly publishedAt: number | null;
}

/** A document, read. */
export interface FeedDocument {
  readonly items: readonly FeedItem[];
  /** How many items were of no use: no words, or nowhere to go. */
  readonly skipped: number;
  /** How long the feed asks to be left alone, in ms: null where it does not. */
  readonly ttlMs: number | null;
}

/** An item as the feed wrote it, each word of it to be doubted. */
export interface RawItem {
  readonly guid: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  /** Links in the order of trust. */
  readonly links: readonly (string | null | undefined)[];
  /** Dates in the order of trust. */
  readonly dates: readonly (string | null | undefined)[];
}

/** What is known about the document around an item. */
export interface DocumentContext {
  /** What relative links are relative to. */
  readonly base: string;
  /** The page of the feed, for items without a link. */
  readonly page: string | null;
  /** In ms since the epoch. */
  readonly now: number;
}

/** The first of some texts that can be read. */
function first<T>(texts: RawItem["links"], read: (text: string) => T | null): T | null {
  for (const text of texts) {
    const value = text ? read(text) : null;
    if (value !== null) return value;
  }
  return null;
}

/** Cleans an item. Where it has no title, the beginning of its summary is one. @returns Null where it is of no use. */
export function cleanItem(raw: RawItem, { base, page, now }: DocumentContext): FeedItem | null {
  const summary = htmlToText(raw.summary ?? "", SUMMARY_LENGTH);
  const title = htmlToText(raw.title ?? "", TITLE_LENGTH) || htmlToText(summary, TITLE_LENGTH);
  const guid = htmlToText(raw.guid ?? "", GUID_LENGTH) || null;
  const home = page === null ? null : comparableUrl(page);
  const link = first(raw.links, (text) => {
    const own = canonicalUrl(text, base);
    return own === null || comparableUrl(own) === home ? null : own;
  });
  const url = link ?? page;
  if (title === "" || url === null) return null;
  const publishedAt = first(raw.dates, (text) => parseDate(text, now));
  return { guid, title, summary, url, hasOwnLink: link !== null, publishedAt };
}
