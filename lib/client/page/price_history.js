// @ts-check
/**
 * The way of each price since the page was opened, in bounded memory. No DOM, no clock.
 *
 * @module
 */

/**
 * One price.
 *
 * @typedef {object} Point
 * @property {number} at When it was received, in ms since the epoch.
 * @property {number} price For drawing: what is written comes from the decimal.
 */

/** Points kept of a symbol, at most. */
const MOST_POINTS = 400;

/**
 * The same way in half of the points. First and last stay.
 *
 * @param {readonly Point[]} points
 */
function thinned(points) {
  return points.filter((_, i) => i % 2 === 0 || i === points.length - 1);
}

/** @param {unknown} value @returns {value is Point} */
function isPoint(value) {
  return typeof value === "object" && value !== null && "at" in value && "price" in value &&
    Number.isFinite(value.at) && Number.isFinite(value.price);
}

/**
 * Creates the ways of all prices.
 *
 * @param {string | null} [kept] As `text()` gave it, so that another page of the same tab goes on.
 */
export function createTrails(kept = null) {
  /** @type {Map<string, readonly Point[]>} */
  const trails = new Map();
  for (const [symbol, points] of Object.entries(read(kept))) {
    if (Array.isArray(points)) trails.set(symbol, points.filter(isPoint).slice(-MOST_POINTS));
  }

  return {
    /**
     * Takes a price in; one that is no later than the last known is none.
     *
     * @param {{ symbol: string, price: string, received_at: string }} quote
     */
    add({ symbol, price, received_at }) {
      const points = trails.get(symbol) ?? [];
      const point = { at: Date.parse(received_at), price: Number(price) };
      if (!isPoint(point) || point.at <= (points.at(-1)?.at ?? 0)) return;
      const next = [...points, point];
      trails.set(symbol, next.length > MOST_POINTS ? thinned(next) : next);
    },
    /** @param {string} symbol */
    of: (symbol) => trails.get(symbol) ?? [],
    text: () => JSON.stringify(Object.fromEntries(trails)),
  };
}

/** @param {string | null} text @returns {Record<string, unknown>} */
function read(text) {
  try {
    return Object(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}
