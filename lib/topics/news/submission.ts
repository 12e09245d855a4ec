/**
 * Submissions: the articles and corrections that publishers send.
 *
 * @module
 */
import { z } from "zod";
import { SYMBOL_PATTERN } from "../../core/symbol.ts";
import { isoTime } from "../../core/time.ts";
import {
  type Article,
  MAX_GUID_CHARACTERS,
  MAX_SUMMARY_CHARACTERS,
  MAX_TITLE_CHARACTERS,
} from "./article.ts";
import type { IncomingFeed } from "./classify.ts";
import { canonicalUrl, MAX_LINK_CHARACTERS } from "./parse/canonical_url.ts";
import { parseDate } from "./parse/date.ts";
import { htmlToText } from "./parse/html_text.ts";
import { cleanGuid, type FeedItem } from "./parse/item.ts";

/** The most symbols of an article. */
const MAX_ARTICLE_SYMBOLS = 20;

// The markup of a title or a summary may be several times as long as its text.
const Title = z.string().max(4 * MAX_TITLE_CHARACTERS).refine(
  (title) => cleanTitle(title) !== "",
  "The title has no text besides markup. Send plain text.",
).meta({
  description: `Plain text. Markup is removed. Cut at ${MAX_TITLE_CHARACTERS} characters.`,
});
const Summary = z.string().max(8 * MAX_SUMMARY_CHARACTERS).meta({
  description: `Plain text. Markup is removed. Cut at ${MAX_SUMMARY_CHARACTERS} characters.`,
});
const Link = z.string().max(MAX_LINK_CHARACTERS).refine(
  (link) => canonicalUrl(link) !== null,
  "The URL is not absolute, or neither http nor https.",
).meta({ example: "https://news.example/a/2" });
const PublishedAt = z.iso.datetime({ offset: true }).nullable();
const Symbols = z.array(z.string().regex(SYMBOL_PATTERN)).max(MAX_ARTICLE_SYMBOLS)
  .meta({ example: ["XAU-USD"] });

/** The body of a submission. */
export const Submission = z.strictObject({
  title: Title,
  url: Link,
  source: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/).meta({
    description: "A word that names the source. Filters have it in lower case.",
    example: "desk",
  }),
  summary: Summary.optional(),
  published_at: PublishedAt.optional(),
  symbols: Symbols.optional(),
  guid: z.string().min(1).max(MAX_GUID_CHARACTERS).optional().meta({
    description: "The source's own name for the article.",
  }),
}).meta({ id: "PostedArticle" });

/** The body of a submission. */
export type Submission = Readonly<z.infer<typeof Submission>>;

/** The body of a correction. An absent field keeps its value. */
export const Correction = z.strictObject({
  title: Title.optional(),
  summary: Summary.optional(),
  url: Link.optional(),
  published_at: PublishedAt.optional(),
  symbols: Symbols.optional(),
}).refine(
  (fields) => Object.keys(fields).length > 0,
  "The correction is empty. Send at least one field.",
).meta({ id: "ArticleCorrection" });

/** The body of a correction. An absent field keeps its value. */
export type Correction = Readonly<z.infer<typeof Correction>>;

/** The fields of an article that a correction changes. */
type CorrectedFields = Partial<
  Pick<Article, "title" | "summary" | "url" | "published_at" | "symbols">
>;

function cleanTitle(title: string): string {
  return htmlToText(title, MAX_TITLE_CHARACTERS);
}

function cleanSummary(summary: string): string {
  return htmlToText(summary, MAX_SUMMARY_CHARACTERS);
}

/** @throws {TypeError} If the link was not validated. */
function cleanLink(link: string): string {
  const url = canonicalUrl(link);
  if (url === null) throw new TypeError(`Cannot publish an article without a valid URL: ${link}`);
  return url;
}

/** Returns null for no time, and for a time that cannot be true. */
function cleanPublishedAt(publishedAt: string | null, now: number): number | null {
  return publishedAt === null ? null : parseDate(publishedAt, now);
}

function cleanSymbols(symbols: readonly string[]): string[] {
  return [...new Set(symbols)].toSorted();
}

/** The item of a submission, and its origin. */
export interface IncomingSubmission extends IncomingFeed {
  readonly item: FeedItem;
}

/** Converts a submission to an item. @param now Wall time, in milliseconds since the Unix epoch. */
export function toIncomingSubmission(submission: Submission, now: number): IncomingSubmission {
  const { title, url, source, summary, published_at, symbols, guid } = submission;
  const publishedAt = cleanPublishedAt(published_at ?? null, now);
  return {
    item: {
      guid: cleanGuid(guid ?? null),
      title: cleanTitle(title),
      summary: cleanSummary(summary ?? ""), // an article without a summary has an empty one
      url: cleanLink(url),
      hasOwnLink: true,
      publishedAt,
      rankAt: publishedAt,
      image: null,
      author: null,
      categories: [],
      language: null,
    },
    source: source.toLowerCase(),
    sourceName: source,
    symbols: cleanSymbols(symbols ?? []),
    isSimulated: false,
  };
}

/** Converts a correction to the fields it changes. @param now Wall time, in milliseconds since the Unix epoch. */
export function toCorrectedFields(correction: Correction, now: number): CorrectedFields {
  const { title, summary, url, published_at, symbols } = correction;
  const fields: { -readonly [Field in keyof CorrectedFields]: CorrectedFields[Field] } = {};
  if (title !== undefined) fields.title = cleanTitle(title);
  if (summary !== undefined) fields.summary = cleanSummary(summary);
  if (url !== undefined) fields.url = cleanLink(url);
  if (published_at !== undefined) {
    const publishedAt = cleanPublishedAt(published_at, now);
    fields.published_at = publishedAt === null ? null : isoTime(publishedAt);
  }
  if (symbols !== undefined) fields.symbols = cleanSymbols(symbols);
  return fields;
}
