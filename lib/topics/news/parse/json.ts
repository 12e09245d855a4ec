/**
 * JSON Feed, https://www.jsonfeed.org/version/1.1/.
 *
 * @module
 */
import { z } from "zod";
import type { RawDocument, RawItem } from "./item.ts";

/** An item without anything. */
const EMPTY_ITEM: RawItem = {
  ...{ guid: null, titles: [], summaries: [], links: [], dates: [], images: [], authors: [] },
  ...{ categories: [], language: null },
};

/** A string. A value of another type counts as missing. */
const OptionalText = z.unknown().optional().transform((value) =>
  typeof value === "string" ? value : null
);

/** An id: a string, or a number, which feeds of version 1 may have. */
const ItemId = z.unknown().optional().transform((value) =>
  typeof value === "string" || typeof value === "number" ? String(value) : null
);

/** A list. A value of another type counts as empty. */
const OptionalList = z.unknown().optional().transform((value) => Array.isArray(value) ? value : []);

const JsonAuthor = z.object({ name: OptionalText });

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
  image: OptionalText,
  banner_image: OptionalText,
  author: z.unknown().optional(), // of version 1
  authors: OptionalList,
  tags: OptionalList,
  language: OptionalText,
});

const JsonFeed = z.object({
  version: z.string().regex(/^https?:\/\/(?:www\.)?jsonfeed\.org\/version\//),
  home_page_url: OptionalText,
  language: OptionalText,
  author: z.unknown().optional(),
  authors: OptionalList,
  items: z.array(z.unknown()),
});

/** Returns the names of authors. An entry without one counts as missing. */
function authorNamesOf(
  { author, authors }: Pick<z.infer<typeof JsonItem>, "author" | "authors">,
): string[] {
  return [...authors, author].flatMap((entry) => JsonAuthor.safeParse(entry).data?.name ?? []);
}

/** Keeps the texts of a list. */
function texts(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === "string");
}

/** Parses a JSON Feed. An invalid item counts as empty. @throws {SyntaxError | ZodError} If the document is not a JSON Feed. */
export function parseJsonFeed(document: string): RawDocument {
  const feed = JsonFeed.parse(JSON.parse(document));
  const plain = (content: string | null) => content === null ? [] : [{ content, isPlain: true }];
  const items = feed.items.map((unparsedItem): RawItem => {
    const item = JsonItem.safeParse(unparsedItem).data;
    if (item === undefined) return EMPTY_ITEM;
    return {
      guid: item.id,
      titles: plain(item.title),
      summaries: [
        ...plain(item.summary),
        ...plain(item.content_text),
        { content: item.content_html ?? "", isPlain: false },
      ],
      links: texts([item.url, item.external_url, item.id]),
      dates: texts([item.date_published, item.date_modified]),
      images: texts([item.image, item.banner_image]),
      authors: [...authorNamesOf(item), ...authorNamesOf(feed)],
      categories: texts(item.tags),
      language: item.language ?? feed.language,
    };
  });
  return { page: feed.home_page_url, items, ttlMs: null };
}
