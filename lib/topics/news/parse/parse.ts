/**
 * Parses the document of a feed. The result is its items, or one kind of error.
 *
 * @module
 */
import { canonicalUrl } from "./canonical_url.ts";
import {
  cleanItem,
  type DatedItem,
  dateItems,
  type FeedDocument,
  type RawDocument,
} from "./item.ts";
import { parseJsonFeed } from "./json.ts";
import { parseXmlFeed } from "./xml.ts";

/** The most items of a document to clean: the newest ones. */
const MAX_ITEMS = 1000;

/** The length of the beginning by which the format is detected. A byte order mark and blanks may precede the first tag. */
const MAX_DETECTION_CHARACTERS = 1000;

/**
 * Thrown for a document that is not a feed in a supported format. The message is for people, and never quotes the
 * document.
 */
export class UnreadableFeed extends Error {
  override readonly name = "UnreadableFeed";
}

/** Detects the format by the beginning of the document. Words may stand before the first tag of XML. */
function detectFormat(document: string): "json" | "html" | "xml" | "unknown" {
  const start = document.slice(0, MAX_DETECTION_CHARACTERS).replace(/^\ufeff/, "").trimStart();
  if (start.startsWith("{")) return "json";
  if (/<(?:\?xml|rss|feed|(?:rdf:)?rdf)\b/i.test(start)) return "xml";
  if (/<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return "html";
  return start.startsWith("<") ? "xml" : "unknown";
}

function parseDocument(document: string): RawDocument {
  switch (detectFormat(document)) {
    case "json":
      return parseJsonFeed(document);
    case "html":
      throw new UnreadableFeed("The answer is an HTML page, not a feed");
    case "unknown":
      throw new UnreadableFeed(
        document.trim() === "" ? "The answer is empty" : "The answer is neither XML nor JSON",
      );
    case "xml": {
      const feed = parseXmlFeed(document);
      if (feed !== null) return feed;
      throw new UnreadableFeed(
        /<html\b/i.test(document)
          ? "The answer is an HTML page, not a feed"
          : "The answer is XML, but not a feed",
      );
    }
  }
}

/** Selects the newest items, in the order of the document. Without dates they are the first ones. */
function newestItems(items: readonly DatedItem[]): readonly DatedItem[] {
  if (items.length <= MAX_ITEMS) return items;
  const newest = items.toSorted((a, b) => (b.rankAt ?? 0) - (a.rankAt ?? 0)).slice(0, MAX_ITEMS);
  const selected = new Set(newest);
  return items.filter((item) => selected.has(item));
}

/**
 * Parses a feed: RSS 0.90 to 2.0, Atom or JSON Feed, its newest {@linkcode MAX_ITEMS} items in its order. It leaves out items without text. It also leaves out those without a URL if the feed has no page.
 *
 * @param url The feed's URL, the base of relative links.
 * @param now Wall time, in milliseconds since the Unix epoch. A later date counts as missing.
 * @throws {UnreadableFeed} For every error, whatever the parsers throw.
 */
export function parseFeed(document: string, url: string, now: number): FeedDocument {
  try {
    const { items, page, ttlMs } = parseDocument(document);
    const pageUrl = page === null ? null : canonicalUrl(page, url);
    const context = { base: pageUrl ?? url, pageUrl };
    const datedItems = newestItems(dateItems(items, now));
    const cleanItems = datedItems.map((dated) => cleanItem(dated, context))
      .filter((item) => item !== null);
    return {
      items: cleanItems,
      skipped: datedItems.length - cleanItems.length,
      undated: cleanItems.filter(({ publishedAt }) => publishedAt === null).length,
      ttlMs,
    };
  } catch (thrown) {
    if (thrown instanceof UnreadableFeed) throw thrown;
    throw new UnreadableFeed("The answer is not a feed in a supported format", { cause: thrown });
  }
}
