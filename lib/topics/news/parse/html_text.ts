/**
 * Plain text from the HTML that feeds and publishers send.
 *
 * @module
 */
import { decode } from "html-entities";
import { Tokenizer, type TokenizerCallbacks } from "htmlparser2";

/** The number of characters to read per character of the result, because entities and escaped tags shrink. */
const READ_FACTOR = 8;

/**
 * The most levels of escaping to undo. Feeds escape twice, rarely three times. The limit bounds the work that a hostile
 * text causes.
 */
const MAX_LEVELS = 16;

/** The longest grapheme that {@linkcode cut} recognises, in UTF-16 units. Emoji sequences are shorter. */
const MAX_GRAPHEME_LENGTH = 33;

/** Elements whose content is not text for readers. */
const HIDDEN_ELEMENTS: ReadonlySet<string> = new Set([
  ...["script", "style", "template", "noscript", "iframe", "svg", "textarea", "title"],
]);

/** Elements within a line. The tags of all other elements separate words. */
const INLINE_ELEMENTS: ReadonlySet<string> = new Set([
  ...["a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i"],
  ...["ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"],
  ...["time", "tt", "u", "var", "wbr"],
]);

/**
 * Controls, bidirectional marks and other format characters. Blanks are not among them, nor are the joiners that scripts
 * and emoji need.
 */
const INVISIBLE = /[[\p{Cc}\p{Cf}]--[\t\n\v\f\r\u200c\u200d]]/gv;

/** Elements that begin or end a line, and others whose tags separate words. */
const BLOCK_ELEMENTS = [
  ...["address", "applet", "area", "article", "aside", "audio", "base", "basefont", "blockquote"],
  ...["body", "br", "button", "canvas", "caption", "center", "col", "colgroup", "data", "datalist"],
  ...["dd", "details", "dialog", "dir", "div", "dl", "dt", "embed", "fieldset", "figcaption"],
  ...["figure", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head"],
  ...["header", "hgroup", "hr", "html", "img", "image", "input", "label", "legend", "li", "link"],
  ...["main", "map", "marquee", "math", "menu", "meta", "meter", "nav", "nobr", "noembed"],
  ...["noframes", "object", "ol", "optgroup", "option", "output", "p", "param", "picture", "pre"],
  ...["progress", "rp", "rt", "ruby", "search", "section", "select", "slot", "source", "summary"],
  ...["table", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "ul", "video"],
];

/**
 * A `<` before a word that is no tag: a tag names a known element, or one of a vendor (`amp-img`, `o:p`). `Apple <AAPL.O>` and
 * `EUR<USD` are text.
 */
const STRAY_ANGLE = new RegExp(
  `<(?=/?[a-z])(?!/?(?:${
    [...HIDDEN_ELEMENTS, ...INLINE_ELEMENTS, ...BLOCK_ELEMENTS].join("|")
  }|amp-[a-z-]+|(?:dc|fb|g|media|o|st1|v|w):[a-z]+)(?:[\\s/>]|$))`,
  "gi",
);

/** Text in windows-1252 that was passed off as UTF-8: typographic quotes, dashes and the euro sign as control characters. */
const WINDOWS_1252_CONTROLS = /[\x80-\x9f]/g;

/** Decodes one character of windows-1252. */
function decodeWindows1252(character: string): string {
  return new TextDecoder("windows-1252").decode(Uint8Array.of(character.charCodeAt(0)));
}

/**
 * Removes the tags, comments and hidden elements of HTML, and keeps entities as they are. A CDATA section is text.
 *
 * It reads tokens instead of building a tree, which takes quadratic time on deeply nested markup.
 *
 * @param maxLength The length of text after which the rest is ignored.
 */
function removeMarkup(html: string, maxLength: number): string {
  let text = "";
  let hiddenBy: string | null = null;
  const nameAt = (start: number, end: number) => html.slice(start, end).toLowerCase();

  function append(part: string): void {
    if (hiddenBy !== null) return;
    text += part;
    if (text.length >= maxLength) tokenizer.pause();
  }

  function appendTag(name: string): void {
    if (!INLINE_ELEMENTS.has(name)) append(" ");
  }

  const ignore = () => {};
  const callbacks: TokenizerCallbacks = {
    ontext: (start, end) => append(html.slice(start, Math.min(end, start + maxLength))),
    oncdata: (start, end, markLength) =>
      append(html.slice(start, Math.min(end - markLength, start + maxLength))),
    onopentagname(start, end) {
      const name = nameAt(start, end);
      appendTag(name);
      if (HIDDEN_ELEMENTS.has(name)) hiddenBy ??= name;
    },
    onclosetag(start, end) {
      const name = nameAt(start, end);
      if (hiddenBy === name) hiddenBy = null;
      appendTag(name);
    },
    oncomment: () => append(" "),
    ondeclaration: () => append(" "),
    onprocessinginstruction: ignore,
    ontextentity: ignore,
    onattribname: ignore,
    onattribdata: ignore,
    onattribentity: ignore,
    onattribend: ignore,
    onopentagend: ignore,
    onselfclosingtag: ignore,
    onend: ignore,
  };
  const tokenizer = new Tokenizer({ decodeEntities: false }, callbacks);
  // The blank completes a `</` at the end of the text, which the tokenizer would report as text otherwise.
  tokenizer.write(`${html} `);
  tokenizer.end();
  return text;
}

/** Cuts a text between graphemes if it is longer than `maxLength` UTF-16 units, and appends "…". */
function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let end = 0;
  const beginning = text.slice(0, maxLength + MAX_GRAPHEME_LENGTH);
  for (const { index, segment } of new Intl.Segmenter().segment(beginning)) {
    if (index + segment.length > maxLength - 1) break;
    end = index + segment.length;
  }
  // A grapheme that is longer than the limit is cut, but not within a surrogate pair.
  if (end === 0) end = text.slice(0, maxLength - 1).toWellFormed().search(/\ufffd$|$/);
  return `${text.slice(0, end).trimEnd()}…`;
}

/** Removes invisible characters, restores those of windows-1252, replaces lone surrogates, and collapses blanks. */
function normalizeBlanks(text: string): string {
  return text.toWellFormed().replace(WINDOWS_1252_CONTROLS, decodeWindows1252)
    .replace(INVISIBLE, "").replace(/\s+/g, " ").trim();
}

/**
 * Converts HTML to plain text without tags, comments, entities and invisible characters, however often they are escaped.
 * Plain text keeps its words. It may contain `<` and `&`, so HTML that includes it must escape it.
 *
 * @param maxLength The longest result, in UTF-16 units.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(htmlToText("<b>Gold</b> &amp;amp; silver&nbsp;rise: 5 < 6", 300), "Gold & silver rise: 5 < 6");
 * ```
 */
export function htmlToText(source: string, maxLength: number): string {
  let text = source;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const html = text.replace(STRAY_ANGLE, "&lt;");
    const plain = decode(removeMarkup(html, maxLength * READ_FACTOR), { scope: "strict" });
    const normalized = normalizeBlanks(plain);
    if (normalized === text) return cut(text, maxLength);
    text = normalized;
  }
  return cut(normalizeBlanks(text.replace(/[<&]/g, "")), maxLength);
}

/**
 * Cleans text that is no HTML: it keeps every word, tags too. Entities are decoded once, because many feeds escape such a
 * text like HTML.
 *
 * @param maxLength The longest result, in UTF-16 units.
 */
export function plainToText(source: string, maxLength: number): string {
  const read = source.slice(0, maxLength * READ_FACTOR);
  return cut(normalizeBlanks(decode(read, { scope: "strict" })), maxLength);
}
