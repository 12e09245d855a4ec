// @ts-check
/**
 * The geometry of sparklines. The server draws them. The browser reads the points from the drawing, and draws it again when a
 * price changes.
 *
 * @module
 */

/** @import { PricePoint } from "./price_history.js" */

/** The width of the view box, which stretches to the cell. */
export const SPARKLINE_WIDTH = 100;
/** The height of the view box. */
export const SPARKLINE_HEIGHT = 32;
/** The space above and below the line, for half of its width. */
const SPARKLINE_MARGIN = 3;

/** Writes a coordinate with at most one decimal. @param {number} coordinate */
const coordinateText = (coordinate) => String(Math.round(coordinate * 10) / 10);

/**
 * Computes the scales of a sparkline: the times of its edges, and the prices of its lowest and highest point.
 *
 * @param {readonly PricePoint[]} points At least one.
 */
function scalesOf(points) {
  const prices = points.map(({ price }) => price);
  return {
    from: points.at(0)?.at ?? 0,
    to: points.at(-1)?.at ?? 0,
    low: Math.min(...prices),
    high: Math.max(...prices),
  };
}

/**
 * Computes the coordinates of points, from the left edge to the right. A constant price is in the middle.
 *
 * @param {readonly PricePoint[]} points
 * @returns {[x: string, y: string][]}
 */
export function sparklineCoordinates(points) {
  const { from, to, low, high } = scalesOf(points);
  return points.map(({ at, price }) => {
    const x = to === from ? 0 : (at - from) / (to - from) * SPARKLINE_WIDTH;
    const share = high === low ? 1 / 2 : (high - price) / (high - low);
    const y = SPARKLINE_MARGIN + share * (SPARKLINE_HEIGHT - 2 * SPARKLINE_MARGIN);
    return [coordinateText(x), coordinateText(y)];
  });
}

/**
 * Computes the paths of a sparkline. They are empty without a point, and those of a constant price are a line in the middle.
 *
 * @param {readonly PricePoint[]} points
 */
export function sparklinePaths(points) {
  const coordinates = sparklineCoordinates(points).map((point) => point.join(" "));
  const isFlat = new Set(points.map(({ price }) => price)).size < 2;
  if (points.length === 0) return { isFlat, area: "", line: "", dot: "" };
  const line = isFlat
    ? `M0 ${SPARKLINE_HEIGHT / 2}H${SPARKLINE_WIDTH}`
    : `M${coordinates.join("L")}`;
  return {
    isFlat,
    area: `${line}V${SPARKLINE_HEIGHT}H0Z`,
    line,
    dot: `M${coordinates.at(-1)}h0`,
  };
}

/** Writes the scales of a sparkline, from which {@linkcode sparklinePoints} reads its points. @param {readonly PricePoint[]} points */
export function sparklineScales(points) {
  const { from, to, low, high } = scalesOf(points);
  return points.length === 0 ? "" : [from, to, low, high].join(" ");
}

/**
 * Reads the points of a drawing. They are as exact as the drawing.
 *
 * @param {string} line The path of the line.
 * @param {string} scales
 * @returns {PricePoint[]}
 */
export function sparklinePoints(line, scales) {
  const [from = NaN, to = NaN, low = NaN, high = NaN] = scales.split(" ").map(Number);
  if (Number.isNaN(high)) return [];
  if (low === high) return [...new Set([from, to])].map((at) => ({ at, price: low }));
  return line.slice(1).split("L").map((point) => {
    const [x = NaN, y = NaN] = point.split(" ").map(Number);
    const share = (y - SPARKLINE_MARGIN) / (SPARKLINE_HEIGHT - 2 * SPARKLINE_MARGIN);
    return { at: from + x / SPARKLINE_WIDTH * (to - from), price: high - share * (high - low) };
  });
}
