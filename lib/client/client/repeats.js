// @ts-check
/**
 * What was told before is not told again: events by their ids, quotes by when they were received.
 *
 * @module
 */
import { isAfter } from "./place.js";

/** @typedef {{ symbol: string, received_at: string }} Quote */

/** @param {string} last The cursor to go on from. */
export function createRepeats(last) {
  /** @type {Map<string, Quote>} */
  const shown = new Map();

  /** The newer of a quote and the one that is shown. @param {Quote} quote */
  function newer(quote) {
    const old = shown.get(quote.symbol);
    if (old && Date.parse(old.received_at) > Date.parse(quote.received_at)) return old;
    shown.set(quote.symbol, quote);
    return quote;
  }

  return {
    cursor: () => last,
    /** A place that is no event's. @param {string} id */
    moveTo: (id) => void (last = id),
    /** Another log, or another server: what it tells is new. */
    forget() {
      last = "";
      shown.clear();
    },
    /**
     * @param {import("./types.js").StreamEvent} event
     * @returns {import("./types.js").StreamEvent | null} What is new of it.
     */
    take({ type, data, id }) {
      if (id && last && !isAfter(id, last)) return null;
      last = id || last;
      if (type === "quote" && newer(data) !== data) return null;
      if (type !== "snapshot") return { type, data, id };
      return { type, data: { ...data, quotes: data.quotes.map(newer) }, id };
    },
  };
}
