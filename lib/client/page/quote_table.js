// @ts-check
/// <reference lib="dom" />
/**
 * The table of quotes with its sparklines, and the notes about providers.
 *
 * @module
 */
import { createFlash } from "../dom/flash.js";
import { writeText } from "../dom/write_text.js";
import { FRESH_KINDS } from "../format/quote_text.js";
import { findElement, showNotes, writeTimes } from "./dom.js";
import { sparklinePaths, sparklinePoints } from "./sparkline.js";
import { providerNotes, rowTexts } from "./text.js";

/** @import { QuoteData, StatusData } from "../format/types.js" */
/** @import { PriceHistory, PricePoint } from "./price_history.js" */

/**
 * @typedef {object} PageQuotes
 * @property {Readonly<Record<string, QuoteData>>} quotes By symbol.
 * @property {Readonly<Record<string, StatusData>>} status By provider.
 * @property {boolean} isFollowing False if the connection is down.
 */

/** Draws the sparkline of a row. @param {ParentNode} row @param {readonly PricePoint[]} points */
function drawSparkline(row, points) {
  const svg = findElement(row, ".spark", SVGSVGElement);
  const { isFlat, ...paths } = sparklinePaths(points);
  svg.classList.toggle("flat", isFlat);
  for (const [name, path] of Object.entries(paths)) {
    findElement(svg, `.${name}`, SVGPathElement).setAttribute("d", path);
  }
}

/** Reads the points of the server's sparklines, by symbol. @param {HTMLElement} page */
export function readTrends(page) {
  const rows = [...page.querySelectorAll("tr")].filter(({ dataset }) => dataset.symbol);
  return Object.fromEntries(rows.map((row) => {
    const { scales = "" } = findElement(row, ".spark", SVGSVGElement).dataset;
    const line = findElement(row, ".spark .line", SVGPathElement).getAttribute("d") ?? "";
    return [row.dataset.symbol ?? "", sparklinePoints(line, scales)];
  }));
}

/**
 * Takes over the server's first paint. Its rows are final: a symbol that is added later needs a reload.
 *
 * @param {HTMLElement} page
 * @param {PriceHistory} history
 */
export function createQuoteTable(page, history) {
  const section = findElement(page, "#problems", HTMLElement);
  const noteList = findElement(section, "ul", HTMLUListElement);
  const rows = [...page.querySelectorAll("tr")].filter(({ dataset }) => dataset.symbol);
  const flash = createFlash();
  /** The quote with which a row's sparkline was drawn last. @type {WeakMap<Element, QuoteData>} */
  const drawn = new WeakMap();

  /** Paints a row. A quote is immutable, so the same object needs no new sparkline. @param {HTMLTableRowElement} row @param {PageQuotes} data */
  function paintRow(row, { quotes, status, isFollowing }) {
    const symbol = row.dataset.symbol ?? "";
    const quote = quotes[symbol];
    const statuses = Object.values(status);
    const content = rowTexts({ symbol, quote, statuses, isFollowing, now: Date.now() });
    if (row.dataset.freshness !== content.freshness) row.dataset.freshness = content.freshness;
    if (row.dataset.direction !== content.direction) row.dataset.direction = content.direction;
    for (const [field, text] of Object.entries(content.texts)) {
      const element = findElement(row, `[data-field=${field}]`, HTMLElement);
      if (field === "price" && element.textContent !== text) flash(element);
      writeText(element, text);
    }
    writeTimes(row, content.times);
    if (!quote || drawn.get(row) === quote) return;
    drawn.set(row, quote);
    drawSparkline(row, history.pointsOf(symbol));
  }

  return {
    /** Paints the rows and the notes about providers. @param {PageQuotes} data */
    paint(data) {
      for (const row of rows) paintRow(row, data);
      const notes = providerNotes(Object.values(data.status), Date.now());
      showNotes(noteList, notes);
      section.hidden = notes.length === 0;
    },
    /** Returns true if at least one painted price is as fresh as its market allows. */
    hasFreshPrice: () => rows.some(({ dataset }) => FRESH_KINDS.has(dataset.freshness ?? "")),
  };
}
