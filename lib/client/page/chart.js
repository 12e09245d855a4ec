// @ts-check
/// <reference lib="dom" />
/**
 * The chart of one price, loaded on demand with its package.
 *
 * @module
 */
import uPlot from "uplot";
import { formatDecimal } from "../format/values.js";

/** @import { PricePoint } from "./price_history.js" */

/** The width in px of a time of 12 px type, which is centred on its tick. */
const TICK_WIDTH_PX = 56;

const CHART_STYLES = "/page/uplot.css";

/** Loads the package's style sheet once. Throws if it cannot be loaded. */
async function loadChartStyles() {
  if (document.querySelector(`link[href="${CHART_STYLES}"]`)) return;
  const link = document.createElement("link");
  const { promise, resolve, reject } = Promise.withResolvers();
  link.rel = "stylesheet";
  link.href = CHART_STYLES;
  link.onload = resolve;
  link.onerror = () => reject(new Error(`${CHART_STYLES} cannot be loaded`));
  document.head.append(link);
  try {
    await promise;
  } catch (error) {
    link.remove(); // Otherwise the next chart would take it for loaded.
    throw error;
  }
}

/** Converts points to columns: seconds and prices. @param {readonly PricePoint[]} points @returns {[number[], number[]]} */
function chartData(points) {
  return [points.map(({ at }) => at / 1000), points.map(({ price }) => price)];
}

/** The longest time whose ticks show the time of day, in seconds. */
const MAX_DAY_S = 172_800;

/** Formats a tick in UTC, as on the rest of the page: as a date if the chart spans days. @param {number} seconds @param {number} spanS */
function tickTime(seconds, spanS) {
  const iso = new Date(seconds * 1000).toISOString();
  return spanS > MAX_DAY_S ? iso.slice(0, 10) : iso.slice(11, 19);
}

/**
 * Computes the options of a plot, with the size and the colours that the host has at the time.
 *
 * @param {HTMLElement} host
 * @param {number} decimals Of the price.
 * @param {(index: number | null) => void} onPoint Receives the index of the point at the pointer, or null.
 * @returns {uPlot.Options}
 */
function chartOptions(host, decimals, onPoint) {
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
        // Omits a time that the left edge would cut.
        values: (plot, splits) => {
          const { min = 0, max = 0 } = plot.scales.x ?? {};
          return splits.map((time) =>
            plot.valToPos(time, "x") < TICK_WIDTH_PX / 2
              ? ""
              : tickTime(time, Number(max) - Number(min))
          );
        },
      },
      {
        ...axis,
        side: 1,
        // Digits of 12 px type are up to 7 px wide. At least four of them, and a margin.
        size: (_, values) => Math.max(...(values ?? []).map(({ length }) => length), 4) * 7 + 12,
        values: (_, splits) =>
          splits.map((price) => formatDecimal(price.toFixed(decimals), decimals)),
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
 * Creates an empty chart in the colours of the page. It is drawn again when they change or when the host is resized.
 *
 * @param {HTMLElement} host
 * @param {number} decimals Of the price.
 * @param {(index: number | null) => void} onPoint Receives the index of the point at the pointer, or null.
 * @throws {Error} If the style sheet cannot be loaded.
 */
export async function createChart(host, decimals, onPoint) {
  await loadChartStyles();
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  /** @type {readonly PricePoint[]} */
  let points = [];
  let plot = new uPlot(chartOptions(host, decimals, onPoint), chartData(points), host);
  const resizeObserver = new ResizeObserver(() =>
    plot.setSize({ width: host.clientWidth, height: host.clientHeight })
  );
  resizeObserver.observe(host);

  function redraw() {
    plot.destroy();
    plot = new uPlot(chartOptions(host, decimals, onPoint), chartData(points), host);
  }
  darkScheme.addEventListener("change", redraw);

  return {
    /** Draws other points. @param {readonly PricePoint[]} newPoints */
    draw(newPoints) {
      points = newPoints;
      plot.setData(chartData(points));
    },
    /** Removes the chart for good. */
    close() {
      darkScheme.removeEventListener("change", redraw);
      resizeObserver.disconnect();
      plot.destroy();
    },
  };
}
