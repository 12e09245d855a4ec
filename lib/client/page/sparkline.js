// @ts-check
/**
 * The geometry of sparklines. The server draws them, and the browser draws them again when a price changes.
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
 * Computes the coordinates of points, from the left edge to the right. A constant price is in the middle.
 *
 * @param {readonly PricePoint[]} points
 * @returns {[x: string, y: string][]}
 */
export function sparklineCoordinates(points) {
  const prices = points.map(({ price }) => price);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const firstAt = points.at(0)?.at ?? 0;
  const spanMs = (points.at(-1)?.at ?? 0) - firstAt;
  return points.map(({ at, price }) => {
    const x = spanMs === 0 ? 0 : (at - firstAt) / spanMs * SPARKLINE_WIDTH;
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
