// @ts-check
/// <reference lib="dom" />
/**
 * The dialog of one quote, with the chart of its history.
 *
 * @module
 */
import { writeText } from "../dom/write_text.js";
import { formatDecimal, formatTime } from "../format/values.js";
import { findElement, writeTimes } from "./dom.js";
import { rowTexts } from "./text.js";

/** @import { PriceHistory, PricePoint } from "./price_history.js" */
/** @import { PageQuotes } from "./quote_table.js" */

/** The chart, whose module is loaded on demand. @typedef {{ draw(points: readonly PricePoint[]): void, close(): void }} PriceChart */

const CHART_ERROR_TEXT = "The chart cannot be loaded. Close this dialog and try again.";

/** @param {number} price @param {number} decimals */
const formatPointPrice = (price, decimals) => formatDecimal(price.toFixed(decimals), decimals);

/** @param {number} at Wall time, in milliseconds since the Unix epoch. */
const formatUtc = (at) => `${formatTime(new Date(at).toISOString(), Date.now())} UTC`;

/**
 * Describes a history: its start, its range, and both as the end of a chart's label.
 *
 * @param {readonly PricePoint[]} points
 * @param {number} decimals
 */
export function historyTexts(points, decimals) {
  const first = points.at(0);
  if (!first || points.length < 2) {
    return { since: "The chart starts with the next price.", range: "–", label: "no prices yet" };
  }
  const prices = points.map(({ price }) => price);
  const start = formatUtc(first.at);
  const lowest = formatPointPrice(Math.min(...prices), decimals);
  const highest = formatPointPrice(Math.max(...prices), decimals);
  return {
    since: `Since ${start}`,
    range: `${lowest} – ${highest}`,
    label: `since ${start}, between ${lowest} and ${highest}`,
  };
}

/**
 * Takes over the server's empty dialog.
 *
 * @param {HTMLElement} page
 * @param {PriceHistory} history
 */
export function createDetailDialog(page, history) {
  const dialog = findElement(page, "#detail", HTMLDialogElement);
  const plot = findElement(dialog, ".plot", HTMLElement);
  const caption = findElement(dialog, "[data-field=since]", HTMLElement);
  /** The symbol of the open dialog, "" while it is closed. */
  let symbol = "";
  let decimals = 2;
  /** True while the caption shows the price at the pointer. */
  let isPointing = false;
  let hasChartFailed = false;
  /** @type {PriceChart | undefined} */
  let chart;

  /** Shows the price at the pointer. @param {number | null} index */
  function showPoint(index) {
    const { at, price } = (index === null ? undefined : history.pointsOf(symbol)[index]) ?? {};
    isPointing = at !== undefined;
    if (at === undefined || price === undefined) return;
    writeText(caption, `${formatPointPrice(price, decimals)} at ${formatUtc(at)}`);
  }

  /** Paints the open dialog. @param {PageQuotes} data */
  function paint({ quotes, status, isFollowing }) {
    const quote = quotes[symbol];
    if (!dialog.open || !quote) return;
    const statuses = Object.values(status);
    const content = rowTexts({ symbol, quote, statuses, isFollowing, now: Date.now() });
    const points = history.pointsOf(symbol);
    const { since, range, label } = historyTexts(points, decimals);
    const texts = { ...content.texts, name: quote.name, symbol, range };
    for (const [field, text] of Object.entries(texts)) {
      writeText(findElement(dialog, `[data-field=${field}]`, HTMLElement), text);
    }
    writeTimes(dialog, content.times);
    if (!isPointing) writeText(caption, hasChartFailed ? CHART_ERROR_TEXT : since);
    dialog.dataset.direction = content.direction;
    dialog.dataset.freshness = content.freshness;
    plot.ariaLabel = `${quote.name}, ${label}`;
    chart?.draw(points);
  }

  /** Loads the chart. Returns undefined if that fails, because the dialog works without it. */
  async function loadChart() {
    try {
      const { createChart } = await import("./chart.js");
      return await createChart(plot, decimals, showPoint);
    } catch (error) {
      reportError(error);
      return undefined;
    }
  }

  dialog.addEventListener("close", () => {
    chart?.close();
    chart = undefined;
    symbol = "";
    isPointing = false;
    hasChartFailed = false;
  });
  findElement(dialog, ".close", HTMLButtonElement).addEventListener("click", () => dialog.close());
  // For browsers without `closedby`: a click beside the dialog closes it.
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close();
  });

  return {
    paint,
    /**
     * Opens the dialog. Does nothing if it is open or if the symbol has no quote.
     *
     * @param {string} requestedSymbol
     * @param {PageQuotes} data
     */
    async open(requestedSymbol, data) {
      const quote = data.quotes[requestedSymbol];
      if (!quote || dialog.open) return;
      symbol = requestedSymbol;
      decimals = quote.decimals;
      dialog.showModal();
      paint(data);
      const loadedChart = await loadChart();
      // The dialog may have been closed, or opened again, in the meantime.
      if (symbol !== requestedSymbol || chart) return loadedChart?.close();
      chart = loadedChart;
      chart?.draw(history.pointsOf(symbol));
      hasChartFailed = !loadedChart;
      if (hasChartFailed) writeText(caption, CHART_ERROR_TEXT);
    },
  };
}
