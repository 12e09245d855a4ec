/**
 * JSON Feed, https://www.jsonfeed.org/version/1.1/.
 *
 * @module
 */
import { z } from "zod";
import type { RawItem } from "./item.ts";

/** A value of another type counts as missing. */
const optionalText = z.unknown().optional().transform((value) =>
  typeof value === "string" ? value : null
);

/** Ids are strings. Feeds of version 1 have numbers too. */
const itemId = z.unknown().optional().transform((value) =>
  typeof value === "string" || typeof value === "number" ? String(value) : null
);

const JsonItem = z.object({
  id: itemId,
  title: optionalText,
  url: optionalText,
  external_url: optionalText,
  summary: optionalText,
  content_text: optionalText,
  content_html: optionalText,
  date_published: optionalText,
  date_modified: optionalText,
});

const JsonFeed = z.object({
  version: z.string().regex(/^https?:\/\/(?:www\.)?jsonfeed\.org\/version\//),
  home_page_url: optionalText,
  items: z.array(z.unknown()),
});

/** Escapes plain text. */
function textToHtml(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/**
 * Parses a JSON Feed. An invalid item counts as empty.
 *
 * @param maxItems The number of items to parse, the first ones.
 * @throws {SyntaxError | ZodError} If the document is no JSON Feed.
 */
export function parseJsonFeed(
  document: string,
  maxItems: number,
): { readonly page: string | null; readonly items: readonly RawItem[] } {
  const feed = JsonFeed.parse(JSON.parse(document));
  const items = feed.items.slice(0, maxItems).map((each): RawItem => {
    const item = JsonItem.safeParse(each).data;
    const plain = item?.summary ?? item?.content_text;
    return {
      guid: item?.id ?? null,
      title: item?.title ? textToHtml(item.title) : null,
      summary: plain ? textToHtml(plain) : item?.content_html ?? null,
      links: [item?.url, item?.external_url, item?.id],
      dates: [item?.date_published, item?.date_modified],
    };
  });
  return { page: feed.home_page_url ?? null, items };
}
