// @ts-check
/// <reference lib="dom" />
/**
 * The large chart of one price: loaded when somebody opens one, with the package that draws it.
 *
 * @module
 */
import uPlot from "uplot";
import { decimalWords } from "../format/values.js";

/** @import { Point } from "./price_history.js" */

/** What the words of a moment take, in px: they stand around their tick. */
const TICK_WIDE = 56;

const STYLES = "/page/uplot.css";

/** The package's own style sheet, once. */
async function loadStyles() {
  if (document.querySelector(`link[href="${STYLES}"]`)) return;
  const link = document.createElement("link");
  const { promise, resolve, reject } = Promise.withResolvers();
  link.rel = "stylesheet";
  link.href = STYLES;
  link.onload = resolve;
  link.onerror = () => reject(new Error(`${STYLES} cannot be loaded`));
  document.head.append(link);
  try {
    await promise;
  } catch (error) {
    link.remove(); // or the next chart would take it for loaded
    throw error;
  }
}

/** @param {readonly Point[]} points @returns {[number[], number[]]} */
function dataOf(points) {
  return [points.map(({ at }) => at / 1000), points.map(({ price }) => price)];
}

/** The time of day in UTC, as everywhere on the page. @param {number} seconds */
const timeOfTick = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

/**
 * @param {HTMLElement} host
 * @param {number} decimals Of the price.
 * @param {(at: number | null) => void} onPoint Which point is pointed at: its place in the trail, null for none.
 * @returns {uPlot.Options}
 */
function optionsOf(host, decimals, onPoint) {
  const style = getComputedStyle(host);
  /** @param {string} name */
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--chart-text"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color("--chart-line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    legend: { show: false },
    padding: [8, 0, 0, 0],
    cursor: { y: false, drag: { x: false, y: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    axes: [
      {
        ...axis,
        size: 28,
        space: 96,
        // One that would be cut at the left edge is left out.
        values: (plot, splits) =>
          splits.map((each) => plot.valToPos(each, "x") < TICK_WIDE / 2 ? "" : timeOfTick(each)),
      },
      {
        ...axis,
        side: 1,
        size: (_, values) => Math.max(...(values ?? []).map(({ length }) => length), 4) * 7 + 12,
        values: (_, splits) => splits.map((each) => decimalWords(each.toFixed(decimals), decimals)),
      },
    ],
    series: [{}, {
      stroke: color("--chart-accent"),
      fill: color("--chart-fill"),
      width: 2,
      points: { show: false },
    }],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

/**
 * Draws a price's way, in the colours of the page as they are, and again as they become.
 *
 * @param {HTMLElement} host
 * @param {number} decimals
 * @param {(at: number | null) => void} onPoint
 */
export async function createChart(host, decimals, onPoint) {
  await loadStyles();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  /** @type {readonly Point[]} */
  let points = [];
  let plot = new uPlot(optionsOf(host, decimals, onPoint), dataOf(points), host);
  const resized = new ResizeObserver(() =>
    plot.setSize({ width: host.clientWidth, height: host.clientHeight })
  );
  resized.observe(host);

  function redraw() {
    plot.destroy();
    plot = new uPlot(optionsOf(host, decimals, onPoint), dataOf(points), host);
  }
  dark.addEventListener("change", redraw);

  return {
    /** @param {readonly Point[]} next */
    draw(next) {
      points = next;
      plot.setData(dataOf(points));
    },
    close() {
      dark.removeEventListener("change", redraw);
      resized.disconnect();
      plot.destroy();
    },
  };
}
