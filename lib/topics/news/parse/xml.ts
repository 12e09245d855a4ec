/**
 * RSS 0.90 to 2.0, and Atom 0.3 and 1.0.
 *
 * @module
 */
import { MINUTE_MS } from "../../../core/time.ts";
import type { RawDocument, RawItem, RawText } from "./item.ts";
import { childElements, innerHtml, ownText, parseXml, type XmlElement } from "./xml_tree.ts";

/** The unit of an RSS `ttl`. */
const TTL_UNIT_MS = MINUTE_MS;

/** The roots of feeds. */
const ROOTS: ReadonlySet<string> = new Set(["rss", "rdf", "feed"]);

const END_OF_DOCUMENT = /<\/(?:[\w-]+:)?(?:rss|feed|rdf)\s*>/i;

/** The most links of an item that are looked at. */
const MAX_LINKS = 20;

/** The relations of an Atom link to the article, the best first. */
const LINK_RELATIONS = ["alternate", "self", "related", "via"];

/**
 * The elements that a field is read from, the most reliable first, as namespace and name. The elements of RSS have no
 * namespace. Those of media and podcasts describe a picture or a recording, so they come last.
 */
const FIELDS = {
  title: [":title", "atom:title", "dc:title", "media:title", "itunes:title"],
  summary: [
    ...[":description", "atom:summary", ":summary", "dc:description", "dc:abstract"],
    ...["content:encoded", "atom:content", ":content", "xhtml:body", "xhtml:div"],
    ...["itunes:summary", "itunes:subtitle", "media:description"],
  ],
  // The last change is the fallback, because Atom requires no other date.
  date: [
    ...[":pubdate", "atom:published", ":published", "atom:issued", ":issued", "dc:date", ":date"],
    ...["dc:issued", "dc:available", "dc:created", "atom:created", "atom:updated", ":updated"],
    ...["atom:modified", ":modified", "dc:modified"],
  ],
  guid: [":guid", "atom:id", ":id", "dc:identifier"],
  author: ["dc:creator", "atom:author", ":author", "itunes:author", "media:credit", "dc:publisher"],
  category: [":category", "atom:category", "dc:subject"],
  language: [":language", "dc:language"],
} as const;

type Field = keyof typeof FIELDS;

/** Returns the children of an element that a field is read from, the most reliable first. */
function elementsOf(parent: XmlElement, field: Field): readonly XmlElement[] {
  const names: readonly string[] = FIELDS[field];
  return childElements(parent)
    .map((element) => ({ element, rank: names.indexOf(`${element.namespace}:${element.name}`) }))
    .filter(({ rank }) => rank >= 0)
    .toSorted((a, b) => a.rank - b.rank).map(({ element }) => element);
}

/** Returns the children of a name in some namespaces. */
function childrenOf(
  parent: XmlElement,
  name: string,
  ...namespaces: readonly string[]
): readonly XmlElement[] {
  return childElements(parent).filter((child) =>
    child.name === name && namespaces.includes(child.namespace)
  );
}

/** Returns an element's text. An Atom text construct that is plain has no markup, whatever it looks like. */
function textOf(element: XmlElement): RawText {
  const type = element.attributes.get("type")?.trim().toLowerCase() ?? "text";
  const isPlain = element.namespace === "atom" && /^text(?:\/plain)?$/.test(type) &&
    element.attributes.get("mode") !== "escaped" && childElements(element).length === 0;
  return { content: isPlain ? ownText(element) : innerHtml(element), isPlain };
}

/** Tests if an element has words: not a picture in base64, and not only a link to the content. */
function hasWords({ attributes }: XmlElement): boolean {
  const type = attributes.get("type")?.trim().toLowerCase() ?? "";
  return !attributes.has("src") && attributes.get("mode") !== "base64" &&
    (!type.includes("/") || /^text\/|xhtml|html/.test(type));
}

/** Resolves a link by the `xml:base` of an element and its ancestors. */
function resolveLink(element: XmlElement, link: string): string {
  const base = element.attributes.get("xml:base");
  const resolved = base === undefined ? link : URL.parse(link, base)?.href ?? link;
  if (URL.canParse(resolved)) return resolved;
  if (base !== undefined && element.parent !== null) {
    const outer = resolveLink(element.parent, base);
    return URL.parse(link, outer)?.href ?? link;
  }
  return element.parent === null ? resolved : resolveLink(element.parent, resolved);
}

/** Returns the text of an RSS link, also of one that is closed before its text. */
function linkText(link: XmlElement): string {
  const text = ownText(link);
  if (text !== "" || link.parent === null) return text;
  const next = link.parent.children[link.parent.children.indexOf(link) + 1];
  return typeof next === "string" && /^\s*https?:/i.test(next) ? next.trim() : "";
}

/** Returns the links of Atom, those of the best relation first. */
function atomLinks(parent: XmlElement): readonly string[] {
  return childrenOf(parent, "link", "atom", "").slice(0, MAX_LINKS).map((link) => {
    const { attributes } = link;
    // A relation may be written as the URI of its registration.
    const relation = attributes.get("rel")?.trim().toLowerCase().replace(/^.*\//, "") ||
      "alternate";
    const isPage = /^(?:$|text\/html|application\/xhtml)/.test(attributes.get("type") ?? "");
    const rank = LINK_RELATIONS.indexOf(relation) + (isPage ? 0 : 0.5);
    return { href: attributes.get("href")?.trim() ?? "", rank, relation, link };
  }).filter(({ href, relation }) => href !== "" && LINK_RELATIONS.includes(relation))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ href, link }) => resolveLink(link, href));
}

/** Returns the links of an item, the most reliable first. */
function linksOf(item: XmlElement): readonly string[] {
  const [guid] = elementsOf(item, "guid");
  const guidText = guid === undefined ? "" : ownText(guid);
  const isUrl = /^https?:\/\//i.test(guidText);
  // An RSS guid is a link unless `isPermaLink` denies it. An Atom `id` need not lead anywhere.
  const isLink = guid?.name === "guid" && guid.attributes.get("ispermalink") !== "false";
  const rssLinks = childrenOf(item, "link", "").slice(0, MAX_LINKS).map((link) => {
    const text = linkText(link);
    return text === "" ? "" : resolveLink(link, text);
  });
  return [
    ...childrenOf(item, "origlink", "feedburner").map(ownText),
    ...rssLinks,
    ...isUrl && isLink ? [guidText] : [],
    ...atomLinks(item),
    item.attributes.get("rdf:about") ?? item.attributes.get("about") ?? "",
    ...isUrl ? [guidText] : [],
  ];
}

/** Returns the value of an attribute that tells the language of an element or an ancestor. */
function xmlLanguage(element: XmlElement | null): string | null {
  return element === null
    ? null
    : element.attributes.get("xml:lang") ?? xmlLanguage(element.parent);
}

/** Returns the URLs of an item's pictures, the largest of a kind first. */
function imagesOf(item: XmlElement): readonly string[] {
  const groups = [item, ...childrenOf(item, "group", "media")];
  const isImage = ({ attributes }: XmlElement) =>
    attributes.get("medium")?.toLowerCase() === "image" ||
    /^image\//i.test(attributes.get("type") ?? "");
  const byWidth = (elements: readonly XmlElement[]) =>
    elements.toSorted((a, b) =>
      (Number(b.attributes.get("width")) || 0) - (Number(a.attributes.get("width")) || 0)
    );
  const contents = groups.flatMap((group) => childrenOf(group, "content", "media"));
  const thumbnails = [...groups, ...contents]
    .flatMap((group) => childrenOf(group, "thumbnail", "media"));
  const enclosures = [
    ...childrenOf(item, "enclosure", ""),
    ...childrenOf(item, "link", "atom", "").filter(({ attributes }) =>
      attributes.get("rel") === "enclosure"
    ),
  ];
  return [
    ...[
      ...byWidth(contents.filter(isImage)),
      ...byWidth(thumbnails),
      ...enclosures.filter(isImage),
    ],
    ...childrenOf(item, "image", "itunes"),
  ].map(({ attributes }) => attributes.get("url") ?? attributes.get("href") ?? "")
    .concat(
      childrenOf(item, "image", "").map((image) =>
        childrenOf(image, "url", "").map(ownText)[0] ?? ownText(image)
      ),
    );
}

/** Returns the name of an author: of Atom's `name`, or of RSS's `address (name)`. */
function authorOf(author: XmlElement): string {
  const [name] = childrenOf(author, "name", "atom", "");
  const text = name === undefined ? ownText(author) : ownText(name);
  return /^\S+@\S+\s*\((.+)\)$/s.exec(text)?.[1] ?? text;
}

/** Returns the name of a category: of Atom's attributes, or the text of RSS's. */
function categoryOf(category: XmlElement): string {
  return category.attributes.get("label") || category.attributes.get("term") || ownText(category);
}

/** Returns an item as the feed wrote it. @param feedLanguage That of the whole feed. */
function toRawItem(item: XmlElement, feedLanguage: string | null): RawItem {
  const [guid] = elementsOf(item, "guid").map(ownText).filter((text) => text !== "");
  const [language] = elementsOf(item, "language").map(ownText);
  return {
    guid: guid ?? item.attributes.get("rdf:about") ?? null,
    titles: elementsOf(item, "title").map(textOf),
    summaries: elementsOf(item, "summary").filter(hasWords).map(textOf),
    links: linksOf(item),
    dates: elementsOf(item, "date").map(ownText),
    images: imagesOf(item),
    authors: elementsOf(item, "author").map(authorOf),
    categories: elementsOf(item, "category").map(categoryOf),
    language: language || (xmlLanguage(item) ?? feedLanguage),
  };
}

/** Finds the root of a feed among the elements of a document. */
function findRoot(elements: readonly XmlElement[]): XmlElement | null {
  return elements.find(({ name }) => ROOTS.has(name)) ?? null;
}

/**
 * Parses an XML feed.
 *
 * @returns Null if no element is the root of a feed.
 * @throws {RangeError} If elements are nested too deeply.
 */
export function parseXmlFeed(document: string): RawDocument | null {
  const root = findRoot(parseXml(document));
  if (root === null) return null;
  const channel = childElements(root).find(({ name }) => name === "channel") ?? root;
  const isItem = ({ name }: XmlElement) => name === "item" || name === "entry";
  const items = [...new Set([root, channel])].flatMap(childElements).filter(isItem);
  // The last item of a truncated document may be incomplete.
  const completeItems = END_OF_DOCUMENT.test(document) ? items : items.slice(0, -1);
  const ttl = Number(childrenOf(channel, "ttl", "").map(ownText)[0] || NaN);
  const language = elementsOf(channel, "language").map(ownText)[0] ?? xmlLanguage(channel);
  const pages = [
    ...childrenOf(channel, "link", "").slice(0, MAX_LINKS).map(linkText),
    ...atomLinks(channel),
    channel.attributes.get("rdf:about") ?? "",
  ];
  return {
    page: pages.find((page) => page !== "") ?? null,
    items: completeItems.map((item) => toRawItem(item, language)),
    ttlMs: ttl > 0 && ttl < Infinity ? ttl * TTL_UNIT_MS : null,
  };
}
