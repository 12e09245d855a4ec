/**
 * Plain text out of what feeds and publishers send.
 *
 * @module
 */
import { decode } from "html-entities";
import { blankFor, withoutMarkup } from "./markup.ts";

/** How much text is looked at for each character that is kept: entities and doubly escaped tags shrink. */
const SLACK = 8;

/** The longest entity, `&CounterClockwiseContourIntegral;`. */
const LONGEST_ENTITY = 33;

const OPENER = /[a-z/!?]/i;

/** Controls, bidirectional and other invisible format characters; but not the joiners that scripts and emoji need. */
const INVISIBLE = /[[\p{Cc}\p{Cf}]--[\u200c\u200d]]/v;

/** Blanks; but not the byte order mark, which the runtime counts among them. */
const BLANK = /[^\S\ufeff]/;

/** The character that an entity stands for, null where it is none. */
function characterOf(entity: string): string | null {
  const character = decode(entity, { scope: "strict" });
  return character === entity ? null : character;
}

/**
 * Writes text down, character by character, so that what is written is plain at any time: an entity is replaced, and a
 * tag taken out, the moment it is whole, also where both were escaped, however often. Each character costs a bounded
 * amount of work.
 */
function createWriter() {
  const written: string[] = [];
  /** Where a tag might have begun, -1 where none did. */
  let tag = -1;

  /** Replaces an entity that the `;` that comes now makes whole. */
  function reduce(): boolean {
    const least = Math.max(0, written.length - LONGEST_ENTITY);
    for (let at = written.length - 1; at >= least; at--) {
      if (written[at] !== "&") continue;
      const character = characterOf(written.slice(at).join("") + ";");
      if (character === null) return false;
      truncate(at);
      for (const each of character) write(each);
      return true;
    }
    return false;
  }

  function truncate(length: number): void {
    written.length = length;
    if (tag >= length) tag = -1;
  }

  function write(character: string): void {
    const last = written.at(-1);
    if (BLANK.test(character)) {
      if (last !== undefined && last !== " ") written.push(" ");
      return;
    }
    if (INVISIBLE.test(character)) return;
    if (character === ">" && tag >= 0) {
      const blank = blankFor(written.slice(tag).join("") + ">");
      truncate(tag);
      if (blank !== "") write(blank);
      return;
    }
    if (character === ";" && reduce()) return;
    if (tag < 0 && last === "<" && OPENER.test(character)) tag = written.length - 1;
    written.push(character);
  }

  return {
    write,
    /** What is written. A tag that was never closed is none of it. */
    text: () => (tag < 0 ? written : written.slice(0, tag)).join("").trim(),
  };
}

/** A text of at most so many UTF-16 units: cut between characters as readers see them, and marked by "…". */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  for (
    const { index, segment } of new Intl.Segmenter().segment(text.slice(0, most + LONGEST_ENTITY))
  ) {
    if (index + segment.length > most - 1) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end).trimEnd()}…`;
}

/**
 * Plain text: no tags, no entities, no comments, no control, bidirectional or invisible characters, blanks collapsed.
 * What has been cleaned once stays as it is. It may hold `<` and `&`: it is to be escaped where it meets HTML.
 *
 * @param most The longest it may be, in UTF-16 units.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plainText("<b>Gold</b> &amp;amp; silver&nbsp;rise: 5 < 6", 300), "Gold & silver rise: 5 < 6");
 * ```
 */
export function htmlToText(html: string, most: number): string {
  const writer = createWriter();
  // Half of a surrogate pair is no character, and could not be sent.
  for (const character of withoutMarkup(html, most * SLACK).toWellFormed()) writer.write(character);
  return cut(writer.text(), most);
}
