/**
 * RSS 0.9x, 1.0 and 2.0, and Atom, parsed by @rowanmanning/feed-parser, which accepts bare ampersands and truncated
 * documents.
 *
 * @module
 */
import { parseFeed } from "@rowanmanning/feed-parser";
import type { RawItem } from "./item.ts";

/** The unit of an RSS `ttl`: a minute. */
const TTL_UNIT_MS = 60_000;

/** The elements of dates, publication first. The last change is the fallback, because Atom requires no other date. */
const DATE_ELEMENTS = ["pubdate", "published", "issued", "date", "updated", "modified"];

const END_OF_DOCUMENT = /<\/(?:[\w-]+:)?(?:rss|feed|rdf)\s*>/i;

type XmlItem = ReturnType<typeof parseFeed>["items"][number];

/** Returns the text of the first element of a name, or null. */
function textOf({ element }: Pick<XmlItem, "element">, name: string): string | null {
  return element.findElementWithName(name)?.textContent ?? null;
}

function toRawItem(item: XmlItem): RawItem {
  // An RSS guid is a link unless `isPermaLink` denies it. An Atom `id` is not read here, because it need not lead anywhere.
  const guid = item.element.findElementWithName("guid");
  const isLink = guid?.getAttribute("ispermalink") !== "false";
  const guidText = guid?.textContent.trim();
  return {
    guid: item.id,
    title: item.title,
    summaries: [item.description, item.content],
    links: [
      item.url,
      isLink && guidText !== undefined && /^https?:/i.test(guidText) ? guidText : null,
    ],
    dates: DATE_ELEMENTS.map((name) => textOf(item, name)),
  };
}

/**
 * Parses an XML feed.
 *
 * @param maxItems The most items to parse: the first ones.
 * @throws {Error} If the parser finds no feed in the document, or gives up.
 */
export function parseXmlFeed(document: string, maxItems: number): {
  readonly page: string | null;
  readonly items: readonly RawItem[];
  readonly ttlMs: number | null;
} {
  const feed = parseFeed(document);
  // The URL of each RSS item reads the feed's URL, whose getter would search all items again: quadratic time.
  Object.defineProperty(feed, "url", { value: feed.url });
  // The last item of a truncated document may be incomplete.
  const completeItems = END_OF_DOCUMENT.test(document) ? feed.items : feed.items.slice(0, -1);
  const ttl = Number(textOf(feed, "ttl")?.trim() || NaN);
  return {
    page: feed.url,
    items: completeItems.slice(0, maxItems).map(toRawItem),
    ttlMs: ttl > 0 && ttl < Infinity ? ttl * TTL_UNIT_MS : null,
  };
}
