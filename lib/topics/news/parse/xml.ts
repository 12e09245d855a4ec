/**
 * RSS 0.9x, 1.0 and 2.0, and Atom, by @rowanmanning/feed-parser. It accepts bare ampersands and truncated documents.
 *
 * @module
 */
import { parseFeed } from "@rowanmanning/feed-parser";
import type { RawItem } from "./item.ts";

/** One minute, the unit of an RSS `ttl`. */
const TTL_UNIT_MS = 60_000;

/** The elements of dates, publication first. Atom requires only the date of the last change, which stands in for it. */
const DATE_ELEMENTS = ["pubdate", "published", "issued", "date", "updated", "modified"];

const END_OF_DOCUMENT = /<\/(?:[\w-]+:)?(?:rss|feed|rdf)\s*>/i;

type XmlItem = ReturnType<typeof parseFeed>["items"][number];

function textOf({ element }: Pick<XmlItem, "element">, name: string): string | null {
  return element.findElementWithName(name)?.textContent ?? null;
}

function rawItem(item: XmlItem): RawItem {
  const guid = item.element.findElementWithName("guid");
  const isLink = guid !== null && guid.getAttribute("ispermalink") !== "false";
  // An Atom id may be a URL, but it need not lead anywhere.
  const identifier = guid ? guid.textContent.trim() : null;
  return {
    guid: item.id,
    title: item.title,
    summary: item.description ?? item.content,
    links: [item.url, isLink && /^https?:/i.test(identifier ?? "") ? identifier : null],
    dates: DATE_ELEMENTS.map((name) => textOf(item, name)),
  };
}

/**
 * Parses an XML feed.
 *
 * @param maxItems The number of items to parse, the first ones.
 * @throws {Error} Whatever the parser throws.
 */
export function parseXmlFeed(document: string, maxItems: number): {
  readonly page: string | null;
  readonly items: readonly RawItem[];
  readonly ttlMs: number | null;
} {
  const feed = parseFeed(document);
  // Every item reads the feed's URL, and the getter searches all elements each time.
  Object.defineProperty(feed, "url", { value: feed.url });
  // The last item of a truncated document may be incomplete.
  const whole = END_OF_DOCUMENT.test(document) ? feed.items : feed.items.slice(0, -1);
  const ttl = Number(textOf(feed, "ttl")?.trim() || NaN);
  return {
    page: feed.url,
    items: whole.slice(0, maxItems).map(rawItem),
    ttlMs: ttl > 0 && ttl < Infinity ? ttl * TTL_UNIT_MS : null,
  };
}
