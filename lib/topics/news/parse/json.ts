/**
 * JSON Feed, https://www.jsonfeed.org/version/1.1/: the one format that is no XML.
 *
 * @module
 */
import { z } from "zod";
import type { RawItem } from "./item.ts";

/** What is no text counts as none. */
const text = z.unknown().optional().transform((value) => typeof value === "string" ? value : null);

/** Ids are strings; version 1 has seen numbers. */
const id = z.unknown().optional().transform((value) =>
  typeof value === "string" || typeof value === "number" ? String(value) : null
);

const JsonItem = z.object({
  id,
  title: text,
  url: text,
  external_url: text,
  summary: text,
  content_text: text,
  content_html: text,
  date_published: text,
  date_modified: text,
});

const JsonFeed = z.object({
  version: z.string().regex(/^https?:\/\/(?:www\.)?jsonfeed\.org\/version\//),
  home_page_url: text,
  items: z.array(z.unknown()),
});

/** A text that is no HTML, as HTML. */
function escapeHtml(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/**
 * Reads a JSON Feed.
 *
 * @param most Items that are looked at.
 * @throws {SyntaxError | ZodError} Where it is none. An item that is none counts as empty.
 */
export function parseJsonFeed(
  document: string,
  most: number,
): { readonly page: string | null; readonly items: readonly RawItem[] } {
  const feed = JsonFeed.parse(JSON.parse(document));
  const items = feed.items.slice(0, most).map((each): RawItem => {
    const item = JsonItem.safeParse(each).data;
    const plain = item?.summary ?? item?.content_text;
    return {
      guid: item?.id ?? null,
      title: item?.title ? escapeHtml(item.title) : null,
      summary: plain ? escapeHtml(plain) : item?.content_html ?? null,
      links: [item?.url, item?.external_url, item?.id],
      dates: [item?.date_published, item?.date_modified],
    };
  });
  return { page: feed.home_page_url ?? null, items };
}
