// @ts-check
/// <reference lib="dom" />
/**
 * The table of quotes and the lines about its providers, updated in place and by text only.
 *
 * @module
 */
import { createFlash } from "../ticker/flash.js";
import { FRESH } from "../format/quote_text.js";
import { find, write, writeNotes } from "./dom.js";
import { problemWords } from "./problems.js";
import { drawSpark } from "./sparkline.js";
import { rowWords } from "./text.js";

/** @import { Quote, Status } from "../format/types.js" */
/** @import { Point } from "./price_history.js" */

/**
 * All that the table shows.
 *
 * @typedef {object} Shown
 * @property {Readonly<Record<string, Quote>>} quotes
 * @property {Readonly<Record<string, Status>>} status
 * @property {boolean} isFollowing Whether a stream keeps them fresh.
 */

/**
 * Takes over what the server has painted.
 *
 * @param {HTMLElement} page
 * @param {(symbol: string) => readonly Point[]} trailOf
 */
export function createTable(page, trailOf) {
  const problems = find(page, "#problems", HTMLElement);
  const problemList = find(problems, "ul", HTMLUListElement);
  const rows = [...page.querySelectorAll("tr")].filter(({ dataset }) => dataset.symbol);
  const flash = createFlash();
  /** @type {WeakMap<Element, Quote>} What each row shows. */
  const drawn = new WeakMap();

  /**
   * @param {HTMLTableRowElement} row
   * @param {Shown} shown
   */
  function paintRow(row, { quotes, status, isFollowing }) {
    const symbol = row.dataset.symbol ?? "";
    const quote = quotes[symbol];
    const statuses = Object.values(status);
    const words = rowWords({ symbol, quote, statuses, isFollowing, now: Date.now() });
    if (row.dataset.freshness !== words.freshness) row.dataset.freshness = words.freshness;
    if (row.dataset.direction !== words.direction) row.dataset.direction = words.direction;
    for (const [field, text] of Object.entries(words.texts)) {
      const element = find(row, `[data-field=${field}]`, HTMLElement);
      if (field === "price" && element.textContent !== text) flash(element);
      write(element, text);
    }
    for (const [field, iso] of Object.entries(words.times)) {
      find(row, `[data-field=${field}]`, HTMLTimeElement).dateTime = iso;
    }
    if (!quote || drawn.get(row) === quote) return;
    drawn.set(row, quote);
    drawSpark(row, trailOf(symbol));
  }

  return {
    /** @param {Shown} shown */
    paint(shown) {
      for (const row of rows) paintRow(row, shown);
      const notes = problemWords(Object.values(shown.status), Date.now());
      writeNotes(problemList, notes);
      problems.hidden = notes.length === 0;
    },
    /** Whether any price is as fresh as its market allows. */
    isFresh: () => rows.some(({ dataset }) => FRESH.has(dataset.freshness ?? "")),
  };
}
