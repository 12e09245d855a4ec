/**
 * Plain text from the HTML that feeds and publishers send.
 *
 * @module
 */
import { decode } from "html-entities";
import { Tokenizer, type TokenizerCallbacks } from "htmlparser2";

/** The characters to read for each one to keep: entities and escaped tags shrink. */
const READ_FACTOR = 8;

/**
 * The most levels of escaping to undo. Feeds escape twice, rarely three times. A limit bounds the work that hostile text
 * makes.
 */
const MAX_LEVELS = 16;

/** The longest character as readers see it, in UTF-16 units, as far as a cut looks. */
const MAX_GRAPHEME_LENGTH = 33;

/** Elements whose content is no text. */
const HIDDEN_ELEMENTS: ReadonlySet<string> = new Set([
  ...["script", "style", "template", "noscript", "iframe", "svg", "textarea", "title"],
]);

/** Elements within a line. The tags of others separate words. */
const INLINE_ELEMENTS: ReadonlySet<string> = new Set([
  ...["a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i"],
  ...["ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"],
  ...["time", "tt", "u", "var", "wbr"],
]);

/** Controls, bidirectional and other format characters, except the joiners that scripts and emoji need. */
const INVISIBLE = /[[\p{Cc}\p{Cf}]--[\t\n\v\f\r\u200c\u200d]]/gv;

/**
 * Removes the tags, comments and hidden elements of HTML, and keeps entities as they are. A CDATA section is text.
 *
 * It reads tokens, not elements: a tree costs quadratic time on markup that is nested deeply.
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
  // The blank completes a `</` at the end, which would be text otherwise.
  tokenizer.write(`${html} `);
  tokenizer.end();
  return text;
}

/** Cuts a text to a length in UTF-16 units, between characters as readers see them, and appends "…". */
function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let end = 0;
  const beginning = text.slice(0, maxLength + MAX_GRAPHEME_LENGTH);
  for (const { index, segment } of new Intl.Segmenter().segment(beginning)) {
    if (index + segment.length > maxLength - 1) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end).trimEnd()}…`;
}

/** Removes invisible characters and lone surrogates, and collapses blanks. */
function normalizeBlanks(text: string): string {
  return text.toWellFormed().replace(INVISIBLE, "").replace(/\s+/g, " ").trim();
}

/**
 * Converts HTML to plain text without tags, comments, entities and invisible characters, however often they are escaped.
 * Plain text stays as it is. It may contain `<` and `&`, so escape it where it meets HTML again.
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
export function htmlToText(html: string, maxLength: number): string {
  let text = html;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const plain = decode(removeMarkup(text, maxLength * READ_FACTOR), { scope: "strict" });
    const next = normalizeBlanks(plain);
    if (next === text) return cut(text, maxLength);
    text = next;
  }
  return cut(normalizeBlanks(text.replace(/[<&]/g, "")), maxLength);
}
