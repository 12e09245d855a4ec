/**
 * A feed's text, read: whatever it holds, there are items or one kind of error.
 *
 * @module
 */
import type { FeedDocument, RawItem } from "./item.ts";
import { cleanItem } from "./item.ts";
import { parseJsonFeed } from "./json.ts";
import { canonicalUrl } from "./canonical_url.ts";
import { parseXmlFeed } from "./xml.ts";

/** Items of one document that are looked at, its first ones. */
export const MAX_ITEMS = 50;

/** A document that is no feed, or none we read. The message is for people, and holds nothing of the document. */
export class UnreadableFeed extends Error {
  override readonly name = "UnreadableFeed";
}

/** What the document begins with. */
function kindOf(document: string): "json" | "html" | "xml" | "none" {
  const start = document.slice(0, 1000).replace(/^\ufeff/, "").trimStart();
  if (start.startsWith("{")) return "json";
  if (/^<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return "html";
  return start.startsWith("<") ? "xml" : "none";
}

/**
 * Whether a document declares types or entities, which no feed needs: bombs and references to files are made of them.
 * CDATA sections are passed over, since they may quote a page with its own. What hides from this by markup that is
 * not well-formed still meets the parser's own bounds.
 */
function hasDeclarations(document: string): boolean {
  let at = 0;
  for (;;) {
    at = document.indexOf("<!", at);
    if (at < 0) return false;
    if (document.startsWith("<![CDATA[", at)) {
      at = document.indexOf("]]>", at);
      if (at < 0) return false; // the parser refuses what never ends
    } else if (
      /^<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.test(document.slice(at, at + 10))
    ) {
      return true;
    }
    at += 2;
  }
}

function parseDocument(document: string): ReturnType<typeof parseXmlFeed> {
  switch (kindOf(document)) {
    case "json":
      return { ttlMs: null, ...parseJsonFeed(document, MAX_ITEMS) };
    case "html":
      throw new UnreadableFeed("It is a page for people (HTML), no feed");
    case "none":
      throw new UnreadableFeed(
        document.trim() === "" ? "It is empty" : "It is neither XML nor JSON",
      );
    case "xml":
      if (hasDeclarations(document)) {
        throw new UnreadableFeed("It declares document types or entities, which we do not read");
      }
      return parseXmlFeed(document, MAX_ITEMS);
  }
}

/** All that is thrown is of one kind: parsers throw what they like. */
function attempt<T>(task: () => T): T {
  try {
    return task();
  } catch (thrown) {
    if (thrown instanceof UnreadableFeed) throw thrown;
    throw new UnreadableFeed("It is no feed we can read", { cause: thrown });
  }
}

/**
 * Reads a feed: RSS 0.9x, 1.0, 2.0, Atom or JSON Feed, at most {@linkcode MAX_ITEMS} items of it, in its order. Items
 * that have no words, or no link and no page of their feed to lead to, are skipped.
 *
 * @param url The feed's own, which relative links are relative to.
 * @param now In ms since the epoch: dates in the future are none.
 * @throws {UnreadableFeed} Nothing else.
 */
export function parseFeed(document: string, url: string, now: number): FeedDocument {
  return attempt(() => {
    const { items, page, ttlMs } = parseDocument(document);
    const home = page === null ? null : canonicalUrl(page, url);
    const around = { base: home ?? url, page: home, now };
    const cleaned = items.map((raw: RawItem) => cleanItem(raw, around)).filter((each) =>
      each !== null
    );
    return { items: cleaned, skipped: items.length - cleaned.length, ttlMs };
  });
}
