// @ts-check
/// <reference lib="dom" />
/**
 * The dialog of one quote, with the chart of its history.
 *
 * @module
 */
import { writeText } from "../dom/write_text.js";
import { findElement, writeTimes } from "./dom.js";
import { createPriceHistory } from "./price_history.js";
import { dayTexts, historyTexts, pointTexts, rowTexts } from "./text.js";

/** @import { RangeHistory } from "./history_request.js" */
/** @import { PriceHistory, PricePoint } from "./price_history.js" */
/** @import { PageQuotes } from "./quote_table.js" */

/** The chart, whose module is loaded on demand. @typedef {{ draw(points: readonly PricePoint[]): void, close(): void }} PriceChart */

/** The range of a dialog that opens: that of the sparklines. */
const DEFAULT_RANGE = "1d";

const CHART_ERROR_TEXT = "The chart cannot be loaded. Close this dialog and try again.";

const HISTORY_ERROR_TEXT = "Earlier prices cannot be loaded.";

/**
 * Takes over the server's empty dialog.
 *
 * @param {HTMLElement} page
 * @param {PriceHistory} history The course of the day.
 * @param {(symbol: string, range: string) => Promise<RangeHistory>} loadHistory
 */
export function createDetailDialog(page, history, loadHistory) {
  const dialog = findElement(page, "#detail", HTMLDialogElement);
  const plot = findElement(dialog, ".plot", HTMLElement);
  const caption = findElement(dialog, "[data-field=since]", HTMLElement);
  const rangeButtons = [...dialog.querySelectorAll("button")].filter(({ dataset }) =>
    dataset.range
  );
  /** The symbol of the open dialog, "" while it is closed. */
  let symbol = "";
  let decimals = 2;
  let range = DEFAULT_RANGE;
  /** The history of the chosen range. */
  let shown = history;
  /** The source of the shown history, "" if it is that of the quote. */
  let shownSource = "";
  /** A remark on the shown history, "" without one. */
  let remark = "";
  /** The data that was painted last. @type {PageQuotes | undefined} */
  let painted;
  /** True while the caption shows the price at the pointer. */
  let isPointing = false;
  let hasChartFailed = false;
  /** @type {PriceChart | undefined} */
  let chart;

  /** Shows the price at the pointer. @param {number | null} index */
  function showPoint(index) {
    const point = index === null ? undefined : shown.pointsOf(symbol)[index];
    isPointing = point !== undefined;
    if (point === undefined) return;
    const { price, time } = pointTexts(point, decimals, Date.now());
    writeText(caption, `${price} at ${time}`);
  }

  /** Paints the open dialog. @param {PageQuotes} data */
  function paint(data) {
    painted = data;
    const { quotes, status, isFollowing } = data;
    const quote = quotes[symbol];
    if (!dialog.open || !quote) return;
    const statuses = Object.values(status);
    const content = rowTexts({ symbol, quote, statuses, isFollowing, now: Date.now() });
    // A price of another source would be a jump that never was.
    if (shownSource === "" || shownSource === quote.source) shown.add(quote);
    const points = shown.pointsOf(symbol);
    const { since, range: lowToHigh, label } = historyTexts(points, decimals, Date.now());
    const day = dayTexts(quote, Date.now());
    const texts = { ...content.texts, ...day, name: quote.name, symbol, range: lowToHigh };
    for (const [field, text] of Object.entries(texts)) {
      writeText(findElement(dialog, `[data-field=${field}]`, HTMLElement), text);
    }
    for (const [field, text] of Object.entries(day)) {
      const fact = findElement(dialog, `dd [data-field=${field}]`, HTMLElement).closest("div");
      if (fact) fact.hidden = text === "";
    }
    writeTimes(dialog, content.times);
    const text = hasChartFailed ? CHART_ERROR_TEXT : `${since} ${remark}`.trim();
    if (!isPointing) writeText(caption, text);
    for (const button of rangeButtons) button.ariaPressed = String(button.dataset.range === range);
    dialog.dataset.direction = content.direction;
    dialog.dataset.freshness = content.freshness;
    plot.ariaLabel = `${quote.name}, ${label}`;
    chart?.draw(points);
  }

  /** Shows a range: what is known of it, then what the server knows. @param {string} newRange */
  async function showRange(newRange) {
    const requestedSymbol = symbol;
    range = newRange;
    if (painted) paint(painted);
    const loaded = await loadHistory(requestedSymbol, newRange).catch(() => null);
    // The dialog may show another range or symbol in the meantime.
    if (symbol !== requestedSymbol || range !== newRange || !painted) return;
    remark = loaded ? "" : HISTORY_ERROR_TEXT;
    if (loaded && loaded.points.length > 0) {
      shown = createPriceHistory({ [symbol]: loaded.points });
      shownSource = loaded.source;
      const isServing = loaded.source === painted.quotes[symbol]?.source;
      remark = isServing ? "" : `Chart: ${loaded.attribution}.`;
    }
    paint(painted);
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
    range = DEFAULT_RANGE;
    shown = history;
    shownSource = "";
    remark = "";
    isPointing = false;
    hasChartFailed = false;
  });
  findElement(dialog, ".close", HTMLButtonElement).addEventListener("click", () => dialog.close());
  // For browsers without `closedby`: a click beside the dialog closes it.
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close();
  });

  for (const button of rangeButtons) {
    button.addEventListener("click", () => void showRange(button.dataset.range ?? DEFAULT_RANGE));
  }

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
      painted = data;
      void showRange(DEFAULT_RANGE);
      const loadedChart = await loadChart();
      // The dialog may have been closed, or opened again, in the meantime.
      if (symbol !== requestedSymbol || chart) return loadedChart?.close();
      chart = loadedChart;
      chart?.draw(shown.pointsOf(symbol));
      hasChartFailed = !loadedChart;
      if (hasChartFailed) writeText(caption, CHART_ERROR_TEXT);
    },
  };
}
