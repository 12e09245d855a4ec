// @ts-check
/// <reference lib="dom" />
/**
 * The history of each price since the tab was opened. It takes bounded memory.
 *
 * @module
 */

/**
 * @typedef {object} PricePoint
 * @property {number} at The time received, in ms since the epoch.
 * @property {number} price For drawing only. Texts are made from the decimal.
 */

/** @typedef {ReturnType<typeof createPriceHistory>} PriceHistory */

/** The most points of a price. A history that exceeds it loses every second point. */
const MAX_POINTS = 400;
const STORAGE_KEY = "edgetape price history";

/** Removes every second point except the last. @param {readonly PricePoint[]} points */
function thinOut(points) {
  return points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
}

/** Returns true for a point with finite numbers. @param {unknown} value @returns {value is PricePoint} */
function isPricePoint(value) {
  return typeof value === "object" && value !== null && "at" in value && "price" in value &&
    Number.isFinite(value.at) && Number.isFinite(value.price);
}

/** Parses a JSON object. Anything else becomes an empty one. @param {string | null} json @returns {Record<string, unknown>} */
function parseObject(json) {
  try {
    return Object(JSON.parse(json ?? "{}"));
  } catch {
    return {};
  }
}

/**
 * Creates a history.
 *
 * @param {string | null} [persisted] The result of `toJson()` on the previous page of this tab. Malformed parts are dropped.
 */
export function createPriceHistory(persisted = null) {
  /** @type {Map<string, readonly PricePoint[]>} */
  const histories = new Map();
  for (const [symbol, points] of Object.entries(parseObject(persisted))) {
    if (!Array.isArray(points)) continue;
    histories.set(symbol, points.filter(isPricePoint).slice(-MAX_POINTS));
  }

  return {
    /**
     * Adds a price, unless it was received no later than the last one.
     *
     * @param {{ symbol: string, price: string, received_at: string }} quote
     */
    add({ symbol, price, received_at }) {
      const points = histories.get(symbol) ?? [];
      const point = { at: Date.parse(received_at), price: Number(price) };
      if (!isPricePoint(point) || point.at <= (points.at(-1)?.at ?? 0)) return;
      const newPoints = [...points, point];
      histories.set(symbol, newPoints.length > MAX_POINTS ? thinOut(newPoints) : newPoints);
    },
    /** Returns the points of a symbol, oldest first. @param {string} symbol */
    pointsOf: (symbol) => histories.get(symbol) ?? [],
    /** Writes the history for the next page of this tab. */
    toJson: () => JSON.stringify(Object.fromEntries(histories)),
  };
}

/** Loads the history that the previous page of this tab has saved. */
export function loadPriceHistory() {
  try {
    return createPriceHistory(sessionStorage.getItem(STORAGE_KEY));
  } catch {
    return createPriceHistory(); // The browser denies access to storage.
  }
}

/** Saves the history for the next page of this tab. @param {PriceHistory} history */
export function savePriceHistory(history) {
  try {
    sessionStorage.setItem(STORAGE_KEY, history.toJson());
  } catch {
    // Storage is denied or full: the next page starts a new history.
  }
}
