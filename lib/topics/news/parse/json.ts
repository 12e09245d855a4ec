/**
 * JSON Feed, https://www.jsonfeed.org/version/1.1/.
 *
 * @module
 */
import { z } from "zod";
import type { RawItem } from "./item.ts";

/** A string. A value of another type counts as missing. */
const OptionalText = z.unknown().optional().transform((value) =>
  typeof value === "string" ? value : null
);

/** An id: a string, or a number, which feeds of version 1 may have. */
const ItemId = z.unknown().optional().transform((value) =>
  typeof value === "string" || typeof value === "number" ? String(value) : null
);

const JsonItem = z.object({
  id: ItemId,
  title: OptionalText,
  url: OptionalText,
  external_url: OptionalText,
  summary: OptionalText,
  content_text: OptionalText,
  content_html: OptionalText,
  date_published: OptionalText,
  date_modified: OptionalText,
});

const JsonFeed = z.object({
  version: z.string().regex(/^https?:\/\/(?:www\.)?jsonfeed\.org\/version\//),
  home_page_url: OptionalText,
  items: z.array(z.unknown()),
});

/** Escapes plain text, because {@linkcode RawItem} contains HTML. */
function textToHtml(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/**
 * Parses a JSON Feed. An invalid item counts as empty.
 *
 * @param maxItems The most items to parse: the first ones.
 * @throws {SyntaxError | ZodError} If the document is not a JSON Feed.
 */
export function parseJsonFeed(
  document: string,
  maxItems: number,
): { readonly page: string | null; readonly items: readonly RawItem[] } {
  const feed = JsonFeed.parse(JSON.parse(document));
  const items = feed.items.slice(0, maxItems).map((unparsedItem): RawItem => {
    const item = JsonItem.safeParse(unparsedItem).data;
    return {
      guid: item?.id ?? null,
      title: item?.title ? textToHtml(item.title) : null,
      summaries: [
        textToHtml(item?.summary ?? ""),
        textToHtml(item?.content_text ?? ""),
        item?.content_html,
      ],
      links: [item?.url, item?.external_url, item?.id],
      dates: [item?.date_published, item?.date_modified],
    };
  });
  return { page: feed.home_page_url ?? null, items };
}
