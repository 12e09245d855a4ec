/**
 * RSS 0.9x, 1.0 and 2.0, and Atom, through @rowanmanning/feed-parser. It takes bare ampersands, and keeps the items
 * before the place where a document was cut off.
 *
 * @module
 */
import { parseFeed } from "@rowanmanning/feed-parser";
import type { RawItem } from "./item.ts";

/** An RSS `ttl` counts minutes. */
const MINUTE_MS = 60_000;

/**
 * Where dates are found: of publication first. A change's date stands in for it in Atom, which demands that one only.
 */
const DATES = ["pubdate", "published", "issued", "date", "updated", "modified"];

const END = /<\/(?:[\w-]+:)?(?:rss|feed|rdf)\s*>/i;

type XmlItem = ReturnType<typeof parseFeed>["items"][number];

function textOf({ element }: Pick<XmlItem, "element">, name: string): string | null {
  return element.findElementWithName(name)?.textContent ?? null;
}

function rawItem(item: XmlItem): RawItem {
  const guid = item.element.findElementWithName("guid");
  const isLink = guid !== null && guid.getAttribute("ispermalink") !== "false";
  // Atom's identifiers may be links too, but need not lead anywhere.
  const identifier = guid ? guid.textContent.trim() : null;
  return {
    guid: item.id,
    title: item.title,
    summary: item.description ?? item.content,
    links: [item.url, isLink && /^https?:/i.test(identifier ?? "") ? identifier : null],
    dates: DATES.map((name) => textOf(item, name)),
  };
}

/**
 * Reads a feed in XML.
 *
 * @param most Items that are looked at.
 * @throws Whatever the parser throws.
 */
export function parseXmlFeed(document: string, most: number): {
  readonly page: string | null;
  readonly items: readonly RawItem[];
  readonly ttlMs: number | null;
} {
  const feed = parseFeed(document);
  // Every item asks the feed for its link, and it would look for it again each time, among all its elements.
  Object.defineProperty(feed, "url", { value: feed.url });
  // The last item of a document that was cut off may have lost some of its words.
  const whole = END.test(document) ? feed.items : feed.items.slice(0, -1);
  const ttl = Number(textOf(feed, "ttl")?.trim() || NaN);
  return {
    page: feed.url,
    items: whole.slice(0, most).map(rawItem),
    ttlMs: ttl > 0 && ttl < Infinity ? ttl * MINUTE_MS : null,
  };
}
