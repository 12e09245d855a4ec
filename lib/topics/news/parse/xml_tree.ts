/**
 * The elements of an XML document, with the usual names of their namespaces. Bare ampersands, unknown entities, document
 * types and missing end tags are accepted, as feeds have them.
 *
 * @module
 */
import { Parser } from "htmlparser2";

/** The deepest nesting. The parser searches its stack at every end tag, which would take quadratic time. */
const MAX_DEPTH = 1000;

/** The most prefixes of an element. Feeds declare about ten, and each element copies those of its parent if it adds one. */
const MAX_PREFIXES = 100;

/** The usual names of namespaces, by their URIs without scheme, `www.` and trailing characters. */
const NAMESPACES: Readonly<Record<string, string>> = {
  "w3.org/2005/atom": "atom",
  "purl.org/atom/ns": "atom", // 0.3
  "purl.org/rss/1.0": "",
  "purl.org/net/rss1.1": "",
  "my.netscape.com/rdf/simple/0.9": "",
  "channel.netscape.com/rdf/simple/0.9": "",
  "backend.userland.com/rss": "",
  "backend.userland.com/rss2": "",
  "blogs.law.harvard.edu/tech/rss": "",
  "purl.org/dc/elements/1.0": "dc",
  "purl.org/dc/elements/1.1": "dc",
  "purl.org/dc/terms": "dc",
  "purl.org/rss/1.0/modules/content": "content",
  "purl.org/rss/1.0/modules/dcterms": "dc",
  "search.yahoo.com/mrss": "media",
  "search.yahoo.com/rss": "media",
  "rssboard.org/media-rss": "media",
  "itunes.com/dtds/podcast-1.0.dtd": "itunes",
  "rssnamespace.org/feedburner/ext/1.0": "feedburner",
  "w3.org/1999/02/22-rdf-syntax-ns": "rdf",
  "w3.org/1999/xhtml": "xhtml",
  "w3.org/xml/1998/namespace": "xml",
};

/** An element. */
export interface XmlElement {
  /** The usual name of its namespace: its prefix if the namespace is not known, empty for that of RSS or for none. */
  readonly namespace: string;
  /** Its local name, in lower case. */
  readonly name: string;
  /** The attributes as they are written, prefixes included, with names in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
  readonly parent: XmlElement | null;
}

/** An element whose end tag was not read yet. */
interface OpenElement extends XmlElement {
  readonly children: (XmlElement | string)[];
  /** The usual names of the prefixes that it or an ancestor declares. */
  readonly prefixes: ReadonlyMap<string, string>;
}

/** Returns the usual name of a namespace, or null if it is not known. */
function namespaceOf(uri: string): string | null {
  const key = uri.trim().toLowerCase().replace(/^https?:\/\/(?:www\.)?/, "").replace(/[#/]+$/, "");
  return Object.hasOwn(NAMESPACES, key) ? NAMESPACES[key] ?? null : null;
}

/** Splits a name into its prefix, empty without one, and its local name. */
function splitName(name: string): readonly [prefix: string, localName: string] {
  const colon = name.indexOf(":");
  return colon < 0 ? ["", name] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** Adds the declarations of an element to those of its ancestors. An unknown default namespace counts as none. */
function withDeclarations(
  prefixes: ReadonlyMap<string, string>,
  attributes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const declared = [...attributes].flatMap(([name, uri]) => {
    const [xmlns, prefix] = name === "xmlns" ? ["xmlns", ""] : splitName(name);
    return xmlns === "xmlns" ? [[prefix, namespaceOf(uri) ?? prefix] as const] : [];
  });
  const isAdded = declared.length > 0 && prefixes.size < MAX_PREFIXES;
  return isAdded ? new Map([...prefixes, ...declared.slice(0, MAX_PREFIXES)]) : prefixes;
}

/**
 * Parses a document.
 *
 * @returns The elements without a parent, in order: one for a well-formed document.
 * @throws {RangeError} If elements are nested too deeply.
 */
export function parseXml(document: string): readonly XmlElement[] {
  const roots: XmlElement[] = [];
  const open: OpenElement[] = [];

  const parser = new Parser({
    onopentag(qualifiedName, attribs) {
      if (open.length >= MAX_DEPTH) throw new RangeError("The elements are nested too deeply");
      const parent = open.at(-1) ?? null;
      const attributes = new Map(
        Object.entries(attribs).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const prefixes = withDeclarations(parent?.prefixes ?? new Map(), attributes);
      const [prefix, localName] = splitName(qualifiedName.toLowerCase());
      const element: OpenElement = {
        namespace: prefixes.get(prefix) ?? prefix,
        name: localName,
        attributes,
        children: [],
        parent,
        prefixes,
      };
      if (parent === null) roots.push(element);
      else parent.children.push(element);
      open.push(element);
    },
    ontext: (text) => void open.at(-1)?.children.push(text),
    onclosetag: () => void open.pop(),
  }, { xmlMode: true });
  parser.write(document);
  parser.end();
  return roots;
}

/** Returns the elements among the children of an element. */
export function childElements({ children }: XmlElement): readonly XmlElement[] {
  return children.filter((child) => typeof child !== "string");
}

/** Returns the text of an element without that of the elements in it. */
export function ownText({ children }: XmlElement): string {
  return children.filter((child) => typeof child === "string").join("").trim();
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/**
 * Returns the content of an element as HTML. Text alone is HTML that was escaped. Beside elements it is text, because the
 * markup is not escaped then.
 */
export function innerHtml(element: XmlElement): string {
  if (childElements(element).length === 0) return ownText(element);
  let html = "";
  /** What remains to be written, the next last: an element, or a piece of HTML. */
  const pending: (XmlElement | { readonly html: string })[] = [];
  const schedule = ({ children }: XmlElement) => {
    for (const child of children.toReversed()) {
      pending.push(typeof child === "string" ? { html: escapeText(child) } : child);
    }
  };
  schedule(element);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ("html" in next) {
      html += next.html;
      continue;
    }
    html += `<${next.name}>`;
    pending.push({ html: `</${next.name}>` });
    schedule(next);
  }
  return html;
}
