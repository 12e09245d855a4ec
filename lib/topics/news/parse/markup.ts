/**
 * Taking the markup out of HTML, as it comes, in one pass.
 *
 * @module
 */

/** Elements whose content is no text. */
const HIDDEN = /^<(script|style|template|noscript|iframe|svg|textarea|title)(?=[\s/>])/i;

/** Elements within a line: no blank stands for their tags. */
const INLINE =
  /^<\/?(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr)(?=[\s/>])/i;

/** What makes a `<` the beginning of markup: anything else, as in `5 < 6`, is text (HTML, 13.2.5.6). */
const OPENER = /[a-z/!?]/i;

/** What stands for a tag in the text. @param tag As it is written, or its first ten characters. */
export function blankFor(tag: string): string {
  return INLINE.test(tag) ? "" : " ";
}

/** Where a tag ends that begins at `start`: after its `>`, or -1. Quotes count after `=` only, as in HTML. */
function endOfTag(html: string, start: number): number {
  let isValue = false;
  for (let at = start; at < html.length; at++) {
    const char = html.charAt(at);
    if (char === ">") return at + 1;
    if (isValue && (char === '"' || char === "'")) {
      at = html.indexOf(char, at + 1);
      if (at < 0) return -1;
    }
    if (char.trim() !== "") isValue = char === "=";
  }
  return -1;
}

/** The index after the next `mark` from `start` on, or -1. */
function after(html: string, mark: string, start: number): number {
  const at = html.indexOf(mark, start);
  return at < 0 ? -1 : at + mark.length;
}

/** Where the content of an element that is no text ends: before its closing tag, or -1. */
function endOfHidden(html: string, name: string, start: number): number {
  const closing = new RegExp(`</${name}(?=[\\s/>])`, "gi");
  closing.lastIndex = start;
  return closing.exec(html)?.index ?? -1;
}

/** Where the markup ends that begins at `start`, or -1 where it does not. */
function endOfMarkup(html: string, start: number): number {
  if (html.startsWith("<!--", start)) return after(html, "-->", start + 2);
  const hidden = HIDDEN.exec(html.slice(start, start + 12))?.[1];
  const end = endOfTag(html, start + 1);
  return end < 0 || hidden === undefined ? end : endOfHidden(html, hidden, end);
}

/**
 * The text of some HTML, its entities as they are: without tags, comments and the content of scripts and styles. A CDATA
 * section is text. Markup that never ends takes the rest with it, as it does in a browser.
 *
 * Linear: each character is looked at once or twice, and what is searched for in vain ends the search.
 *
 * @param most About how many characters are wanted: what follows is not looked at.
 */
export function withoutMarkup(html: string, most: number): string {
  let text = "";
  let at = 0;
  while (at >= 0 && text.length < most) {
    const start = html.indexOf("<", at);
    if (start < 0) return text + html.slice(at, at + most);
    text += html.slice(at, Math.min(start, at + most));
    if (html.startsWith("<![CDATA[", start)) {
      const end = html.indexOf("]]>", start);
      text += html.slice(start + 9, end < 0 ? undefined : end).slice(0, most);
      at = end < 0 ? -1 : end + 3;
    } else if (OPENER.test(html.charAt(start + 1))) {
      text += blankFor(html.slice(start, start + 10));
      at = endOfMarkup(html, start);
    } else {
      text += "<";
      at = start + 1;
    }
  }
  return text;
}
