/**
 * Parses the document of a feed. The result is its items, or one kind of error.
 *
 * @module
 */
import { canonicalUrl } from "./canonical_url.ts";
import { cleanItem, type FeedDocument, type RawItem } from "./item.ts";
import { parseJsonFeed } from "./json.ts";
import { parseXmlFeed } from "./xml.ts";

/** The most items to parse of one document: the first ones. */
const MAX_ITEMS = 50;

/** The length of the beginning by which the format is detected. A byte order mark and blanks may precede the first tag. */
const MAX_DETECTION_CHARACTERS = 1000;

/**
 * Thrown for a document that is not a feed in a supported format. The message is for people, and never quotes the
 * document.
 */
export class UnreadableFeed extends Error {
  override readonly name = "UnreadableFeed";
}

/** Detects the format by the beginning of the document. */
function detectFormat(document: string): "json" | "html" | "xml" | "unknown" {
  const start = document.slice(0, MAX_DETECTION_CHARACTERS).replace(/^\ufeff/, "").trimStart();
  if (start.startsWith("{")) return "json";
  if (/^<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return "html";
  return start.startsWith("<") ? "xml" : "unknown";
}

/**
 * Tests if a document declares types or entities. Feeds do not need them, and entity bombs and file references are
 * made of them. A CDATA section may quote a page with declarations, so it is skipped. The parser's own limits catch the
 * declarations that malformed markup hides from this check.
 */
function hasDeclarations(document: string): boolean {
  let index = 0;
  for (;;) {
    index = document.indexOf("<!", index);
    if (index < 0) return false;
    if (document.startsWith("<![CDATA[", index)) {
      index = document.indexOf("]]>", index);
      if (index < 0) return false; // the parser rejects an unclosed section
    } else if (
      /^<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.test(document.slice(index, index + 10))
    ) {
      return true;
    }
    index += 2;
  }
}

/** The uncleaned content of a document. */
interface RawDocument {
  readonly items: readonly RawItem[];
  /** The feed's page, as the feed wrote it. */
  readonly page: string | null;
  /** The polling interval that the feed asks for, in milliseconds, or null. */
  readonly ttlMs: number | null;
}

function parseDocument(document: string): RawDocument {
  switch (detectFormat(document)) {
    case "json":
      return { ...parseJsonFeed(document, MAX_ITEMS), ttlMs: null };
    case "html":
      throw new UnreadableFeed("The answer is an HTML page, not a feed");
    case "unknown":
      throw new UnreadableFeed(
        document.trim() === "" ? "The answer is empty" : "The answer is neither XML nor JSON",
      );
    case "xml":
      if (hasDeclarations(document)) {
        throw new UnreadableFeed(
          "The answer declares document types or entities, which are not supported",
        );
      }
      return parseXmlFeed(document, MAX_ITEMS);
  }
}

/**
 * Parses a feed: RSS 0.9x, 1.0, 2.0, Atom or JSON Feed, at most {@linkcode MAX_ITEMS} items in its order. It leaves out
 * items without text. It also leaves out those without a URL if the feed has no page.
 *
 * @param url The feed's URL, the base of relative links.
 * @param now Wall time, in milliseconds since the Unix epoch. A later date counts as missing.
 * @throws {UnreadableFeed} For every error, whatever the parsers throw.
 */
export function parseFeed(document: string, url: string, now: number): FeedDocument {
  try {
    const { items, page, ttlMs } = parseDocument(document);
    const pageUrl = page === null ? null : canonicalUrl(page, url);
    const context = { base: pageUrl ?? url, pageUrl, now };
    const cleanItems = items.map((raw) => cleanItem(raw, context)).filter((item) => item !== null);
    return {
      items: cleanItems,
      skipped: items.length - cleanItems.length,
      undated: cleanItems.filter(({ publishedAt }) => publishedAt === null).length,
      ttlMs,
    };
  } catch (thrown) {
    if (thrown instanceof UnreadableFeed) throw thrown;
    throw new UnreadableFeed("The answer is not a feed in a supported format", { cause: thrown });
  }
}
