// @ts-check
/**
 * The history of each price: the course of the day that the server sent, and the prices since. It takes bounded memory.
 *
 * @module
 */

/**
 * @typedef {object} PricePoint
 * @property {number} at In ms since the epoch.
 * @property {number} price For drawing only. Texts are made from the decimal.
 */

/** @typedef {ReturnType<typeof createPriceHistory>} PriceHistory */

/** The most points of a price. A history that exceeds it loses every second point. */
const MAX_POINTS = 400;

/** The number of points that the time of a history is divided into. Newer prices replace the last point before. */
const POINTS_PER_HISTORY = 200;

/** Removes every second point except the last. @param {readonly PricePoint[]} points */
function thinOut(points) {
  return points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
}

/** Thins points out until at most `max` remain. @param {readonly PricePoint[]} points @param {number} max */
export function limitPoints(points, max) {
  let limited = points;
  while (limited.length > max) limited = thinOut(limited);
  return limited;
}

/**
 * Converts bars to points.
 *
 * @param {readonly (readonly [startAt: number, open: string, high: string, low: string, close: string, ...unknown[]])[]} bars
 * @returns {PricePoint[]}
 */
export function pointsOfBars(bars) {
  return bars.map(([at, , , , close]) => ({ at, price: Number(close) }));
}

/** Adds a point. @param {readonly PricePoint[]} points @param {PricePoint} point @returns {readonly PricePoint[]} */
function addPoint(points, point) {
  const [previous, last] = points.slice(-2);
  const spacingMs = (point.at - (points[0]?.at ?? point.at)) / POINTS_PER_HISTORY;
  const isDense = previous !== undefined && last !== undefined && last.at - previous.at < spacingMs;
  return limitPoints([...isDense ? points.slice(0, -1) : points, point], MAX_POINTS);
}

/**
 * Creates a history.
 *
 * @param {Readonly<Record<string, readonly PricePoint[]>>} [initial] The points that are known already, by symbol.
 */
export function createPriceHistory(initial = {}) {
  const histories = new Map(Object.entries(initial));

  return {
    /**
     * Adds a price, unless it was received no later than the last one.
     *
     * @param {{ symbol: string, price: string, received_at: string }} quote
     */
    add({ symbol, price, received_at }) {
      const points = histories.get(symbol) ?? [];
      const point = { at: Date.parse(received_at), price: Number(price) };
      const isNewer = point.at > (points.at(-1)?.at ?? 0);
      if (isNewer && Number.isFinite(point.price)) histories.set(symbol, addPoint(points, point));
    },
    /** Returns the points of a symbol, oldest first. @param {string} symbol */
    pointsOf: (symbol) => histories.get(symbol) ?? [],
  };
}
