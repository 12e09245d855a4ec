// @ts-check
/// <reference lib="dom" />
/**
 * One price in large: its chart since the page was opened, and all that is known of it.
 *
 * @module
 */
import { find, write } from "./dom.js";
import { decimalWords, timeWords } from "../format/values.js";
import { rowWords } from "./text.js";

/** @import { Shown } from "./quote_table.js" */
/** @import { Point } from "./price_history.js" */

/** @typedef {{ draw(points: readonly Point[]): void, close(): void }} Chart */

/** What stands where a chart would. */
const NO_CHART = "The chart cannot be loaded now. Close this and try again in a moment.";

/**
 * What can be said of a way: none where nothing moved yet.
 *
 * @param {readonly Point[]} points
 * @param {number} decimals
 */
function wayWords(points, decimals) {
  const first = points.at(0);
  if (!first || points.length < 2) {
    return { since: "The line begins with the next price.", range: "–" };
  }
  const prices = points.map(({ price }) => price);
  /** @param {number} price */
  const words = (price) => decimalWords(price.toFixed(decimals), decimals);
  return {
    since: `Since ${timeWords(new Date(first.at).toISOString(), Date.now())} UTC`,
    range: `${words(Math.min(...prices))} – ${words(Math.max(...prices))}`,
  };
}

/**
 * Opens and closes the dialog that the server has painted.
 *
 * @param {HTMLElement} page
 * @param {(symbol: string) => readonly Point[]} trailOf
 */
export function createDetail(page, trailOf) {
  const dialog = find(page, "#detail", HTMLDialogElement);
  const host = find(dialog, ".plot", HTMLElement);
  const caption = find(dialog, "[data-field=since]", HTMLElement);
  let symbol = "";
  let decimals = 2;
  let isPointing = false;
  let hasFailed = false;
  /** @type {Chart | undefined} */
  let chart;

  /** @param {number | null} at */
  function point(at) {
    const { at: time, price } = (at === null ? undefined : trailOf(symbol)[at]) ?? {};
    isPointing = time !== undefined;
    if (time === undefined || price === undefined) return;
    const when = timeWords(new Date(time).toISOString(), Date.now());
    write(caption, `${decimalWords(price.toFixed(decimals), decimals)} at ${when} UTC`);
  }

  /** @param {Shown} shown */
  function paint({ quotes, status, isFollowing }) {
    const quote = quotes[symbol];
    if (!dialog.open || !quote) return;
    const statuses = Object.values(status);
    const words = rowWords({ symbol, quote, statuses, isFollowing, now: Date.now() });
    const points = trailOf(symbol);
    const { since, range } = wayWords(points, decimals);
    const texts = { ...words.texts, name: quote.name, symbol, range };
    for (const [field, text] of Object.entries(texts)) {
      write(find(dialog, `[data-field=${field}]`, HTMLElement), text);
    }
    if (!isPointing) write(caption, hasFailed ? NO_CHART : since);
    dialog.dataset.direction = words.direction;
    dialog.dataset.freshness = words.freshness;
    host.ariaLabel = `${quote.name}, ${since.toLowerCase()}: between ${range}`;
    chart?.draw(points);
  }

  /** The chart, undefined where it cannot be loaded: everything else is told all the same. */
  async function makeChart() {
    try {
      const { createChart } = await import("./chart.js");
      return await createChart(host, decimals, point);
    } catch (error) {
      reportError(error);
      return undefined;
    }
  }

  function close() {
    chart?.close();
    chart = undefined;
    symbol = "";
    isPointing = false;
    hasFailed = false;
  }
  dialog.addEventListener("close", close);
  find(dialog, ".close", HTMLButtonElement).addEventListener("click", () => dialog.close());
  // Where browsers know no `closedby`: whoever clicks beside it means to leave.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());

  return {
    paint,
    /**
     * @param {string} wanted
     * @param {Shown} shown
     */
    async open(wanted, shown) {
      const quote = shown.quotes[wanted];
      if (!quote || dialog.open) return;
      symbol = wanted;
      decimals = quote.decimals;
      dialog.showModal();
      paint(shown);
      const made = await makeChart();
      if (symbol !== wanted || chart) return made?.close();
      chart = made;
      chart?.draw(trailOf(symbol));
      hasFailed = !made;
      if (hasFailed) write(caption, NO_CHART);
    },
  };
}
