/**
 * Parses the document of a feed. It yields items, or one kind of error.
 *
 * @module
 */
import { canonicalUrl } from "./canonical_url.ts";
import { cleanItem, type FeedDocument } from "./item.ts";
import { parseJsonFeed } from "./json.ts";
import { parseXmlFeed } from "./xml.ts";

/** The most items of one document: its first ones. */
const MAX_ITEMS = 50;

/** A document that is no feed in a supported format. The message is for people, and quotes nothing of the document. */
export class UnreadableFeed extends Error {
  override readonly name = "UnreadableFeed";
}

/** Detects the format by the beginning of the document. */
function formatOf(document: string): "json" | "html" | "xml" | "none" {
  const start = document.slice(0, 1000).replace(/^\ufeff/, "").trimStart();
  if (start.startsWith("{")) return "json";
  if (/^<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return "html";
  return start.startsWith("<") ? "xml" : "none";
}

/**
 * Reports whether a document declares types or entities. No feed needs them, and entity bombs and file references are
 * made of them. A CDATA section may quote a page with declarations, so it is skipped. The parser's own limits catch what
 * malformed markup hides from this check.
 */
function hasDeclarations(document: string): boolean {
  let at = 0;
  for (;;) {
    at = document.indexOf("<!", at);
    if (at < 0) return false;
    if (document.startsWith("<![CDATA[", at)) {
      at = document.indexOf("]]>", at);
      if (at < 0) return false; // the parser rejects an unclosed section
    } else if (
      /^<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.test(document.slice(at, at + 10))
    ) {
      return true;
    }
    at += 2;
  }
}

function parseDocument(document: string): ReturnType<typeof parseXmlFeed> {
  switch (formatOf(document)) {
    case "json":
      return { ttlMs: null, ...parseJsonFeed(document, MAX_ITEMS) };
    case "html":
      throw new UnreadableFeed("The answer is an HTML page, not a feed");
    case "none":
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
 * Parses a feed: RSS 0.9x, 1.0, 2.0, Atom or JSON Feed, at most {@linkcode MAX_ITEMS} items in its order. Items without
 * text are left out, and those without a URL if the feed has no page.
 *
 * @param url The feed's URL, the base of relative links.
 * @param now Wall time, in milliseconds since the Unix epoch: a later date counts as missing.
 * @throws {UnreadableFeed} Nothing else, whatever the parsers throw.
 */
export function parseFeed(document: string, url: string, now: number): FeedDocument {
  try {
    const { items, page, ttlMs } = parseDocument(document);
    const home = page === null ? null : canonicalUrl(page, url);
    const context = { base: home ?? url, page: home, now };
    const cleaned = items.map((raw) => cleanItem(raw, context)).filter((each) => each !== null);
    return { items: cleaned, ttlMs };
  } catch (thrown) {
    if (thrown instanceof UnreadableFeed) throw thrown;
    throw new UnreadableFeed("The answer is not a feed in a supported format", { cause: thrown });
  }
}
