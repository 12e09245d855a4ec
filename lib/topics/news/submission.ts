/**
 * Submissions: the articles and corrections that publishers send.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../core/time.ts";
import { SUMMARY_LENGTH, TITLE_LENGTH } from "./article.ts";
import { parseDate } from "./parse/date.ts";
import { canonicalUrl } from "./parse/canonical_url.ts";
import { htmlToText } from "./parse/html_text.ts";
import type { IncomingItem } from "./dedupe.ts";

const hasText = (text: string) => htmlToText(text, TITLE_LENGTH) !== "";

const Title = z.string().max(4 * TITLE_LENGTH).refine(
  hasText,
  "The title has no text besides markup. Send plain text.",
)
  .meta({
    description: `Plain text. Markup is removed. Cut at ${TITLE_LENGTH} characters.`,
  });
const Summary = z.string().max(8 * SUMMARY_LENGTH).meta({
  description: `Plain text. Markup is removed. Cut at ${SUMMARY_LENGTH} characters.`,
});
const Url = z.string().max(2048).refine(
  (text) => canonicalUrl(text) !== null,
  "The URL is not absolute, or neither http nor https.",
)
  .meta({ example: "https://news.example/a/2" });
const Time = z.iso.datetime({ offset: true }).nullable();
const Symbols = z.array(z.string().regex(/^[A-Z0-9][A-Z0-9.-]{0,15}$/)).max(20).meta({
  example: ["XAU-USD"],
});

/** The body of a submission. */
export const PostedArticle = z.strictObject({
  title: Title,
  url: Url,
  source: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/).meta({
    description: "A word that names the source. Filters have it in lower case.",
    example: "desk",
  }),
  summary: Summary.optional(),
  published_at: Time.optional(),
  symbols: Symbols.optional(),
  guid: z.string().min(1).max(512).optional().meta({
    description: "The source's own name for the article.",
  }),
}).meta({ id: "PostedArticle" });

/** The body of a submission. */
export type PostedArticle = Readonly<z.infer<typeof PostedArticle>>;

/** The body of a correction. A field that is left out stays as it is. */
export const Correction = z.strictObject({
  title: Title.optional(),
  summary: Summary.optional(),
  url: Url.optional(),
  published_at: Time.optional(),
  symbols: Symbols.optional(),
}).refine(
  (given) => Object.keys(given).length > 0,
  "The correction is empty. Send at least one field.",
).meta({
  id: "ArticleCorrection",
});

/** The body of a correction. */
export type Correction = Readonly<z.infer<typeof Correction>>;

/** Converts a submission to an item. @param now Wall time, in milliseconds since the Unix epoch. */
export function toIncomingItem(posted: PostedArticle, now: number): IncomingItem {
  const { title, url, source, summary = "", published_at, symbols = [], guid = null } = posted;
  return {
    item: {
      guid,
      title: htmlToText(title, TITLE_LENGTH),
      summary: htmlToText(summary, SUMMARY_LENGTH),
      url: canonicalUrl(url) ?? url,
      hasOwnLink: true,
      publishedAt: published_at ? parseDate(published_at, now) : null,
    },
    source: source.toLowerCase(),
    name: source,
    by: "publisher",
    symbols: [...new Set(symbols)].sort(),
    simulated: false,
  };
}

/** Converts a correction to the fields it changes. @param now Wall time, in milliseconds since the Unix epoch. */
export function toChanges(correction: Correction, now: number) {
  const { title, summary, url, published_at, symbols } = correction;
  const publishedAt = published_at ? parseDate(published_at, now) : null;
  return {
    ...(title === undefined ? {} : { title: htmlToText(title, TITLE_LENGTH) }),
    ...(summary === undefined ? {} : { summary: htmlToText(summary, SUMMARY_LENGTH) }),
    ...(url === undefined ? {} : { url: canonicalUrl(url) ?? url }),
    ...(published_at === undefined
      ? {}
      : { published_at: publishedAt === null ? null : isoTime(publishedAt) }),
    ...(symbols === undefined ? {} : { symbols: [...new Set(symbols)].sort() }),
  };
}
