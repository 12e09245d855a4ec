/**
 * The import of feeds from OPML, the format in which feed readers export their subscriptions.
 *
 * @module
 */
import { Parser } from "htmlparser2";
import { type FeedSetting, isFeedUrl, MAX_FEED_NAME_CHARACTERS } from "../../core/feed_setting.ts";
import { htmlToText } from "./parse/html_text.ts";

/** The feeds of an OPML document. */
export interface OpmlImport {
  /** The value of `NEWS_FEEDS`. */
  readonly feeds: readonly FeedSetting[];
  /** The addresses that `NEWS_FEEDS` does not accept. */
  readonly refused: readonly string[];
}

/** Makes the address of a feed acceptable: https, in place of http and of the scheme `feed:`. Returns null if it cannot be. */
function toFeedUrl(address: string): string | null {
  const secured = address.trim().replace(/^feed:\/\//i, "https://").replace(/^feed:/i, "")
    .replace(/^http:\/\//i, "https://");
  const url = URL.parse(secured)?.href;
  return url !== undefined && isFeedUrl(url) ? url : null;
}

/** Derives the name of a source from the title of a feed. Returns null if the title has no such letters. */
function toSource(title: string): string | null {
  const source = title.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-").slice(0, 64).replace(/^[.-]+|[.-]+$/g, "");
  return source === "" ? null : source;
}

/** Reads the feeds of an OPML document, each URL once. Folders are ignored. */
export function importOpml(document: string): OpmlImport {
  const feeds = new Map<string, FeedSetting>();
  const refused: string[] = [];
  const sources = new Set<string>();

  function addOutline({ xmlurl, title, text }: Readonly<Record<string, string>>): void {
    if (xmlurl === undefined || xmlurl.trim() === "") return; // a folder
    const url = toFeedUrl(xmlurl);
    if (url === null) {
      refused.push(xmlurl);
      return;
    }
    if (feeds.has(url)) return;
    const name = htmlToText(title?.trim() || text || "", MAX_FEED_NAME_CHARACTERS);
    const source = toSource(name);
    const isFree = source !== null && !sources.has(source);
    if (isFree) sources.add(source);
    feeds.set(url, { url, ...(isFree ? { source } : {}), ...(name === "" ? {} : { name }) });
  }

  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === "outline") addOutline(attributes);
    },
  }, { xmlMode: true, decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true });
  parser.end(document);
  return { feeds: [...feeds.values()], refused };
}
