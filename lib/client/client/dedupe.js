// @ts-check
/**
 * Deduplication of events: by their ids, and of states by their times. The states of symbols are whole quotes, with which
 * later ticks and days are joined.
 *
 * @module
 */

/** @import { LiveEvent } from "./types.js" */

/** Pads both numbers of an id to more digits than any has, so that ids sort as strings. @param {string} id */
const sortableId = (id) => id.split("-").map((part) => part.padStart(40, "0")).join("-");

/** Returns true if an id `<ms>-<n>` is later than another. @param {string} id @param {string} other */
export const isAfter = (id, other) => sortableId(id) > sortableId(other);

/** Returns the time of a quote, an operation or a session, in ms since the epoch. @param {any} state */
const stateTime = (state) => Date.parse(state.received_at ?? state.updated_at);

/** The fields that a tick omits while they have these values. */
const USUAL_FIELDS = {
  change: null,
  change_pct: null,
  bid: null,
  ask: null,
  as_of: null,
  is_delayed: false,
  delay_s: null,
  is_stale: false,
};

/**
 * Joins a quote with a later tick.
 *
 * @param {any} quote
 * @param {any} tick
 */
const withTick = (quote, tick) => ({
  ...quote,
  ...USUAL_FIELDS,
  // Only a market that never closes has the session `always`.
  session: quote.session === "always" ? "always" : "open",
  ...tick,
});

/** Creates a deduper. @param {string} cursor The cursor of the first connection, "" if it had none. */
export function createDedupe(cursor) {
  /** The cursor up to which polls have delivered all news, "" before the first poll. */
  let polledTo = "";
  /** The newest state of each symbol, operation and session. @type {Map<string, any>} */
  const states = new Map();

  /**
   * Keeps the newer of a state and the one kept before, and returns it. Of two of equal age, the later received is newer.
   *
   * @param {any} data Returned unchanged if it is not a state.
   */
  function keepNewer(data) {
    const key = data?.symbol ?? (data?.owner && data.id);
    const state = states.get(key);
    if (state && stateTime(state) > stateTime(data)) return state;
    if (key) states.set(key, data);
    return data;
  }

  /** Moves the cursor forwards only, because a replacement starts at an older one. @param {string} id */
  function advance(id) {
    if (isAfter(id, cursor)) cursor = id;
  }

  return {
    /** Returns the id of the last event, "" before the first one. */
    cursor: () => cursor,
    /** Returns the cursor of the next poll. */
    pollCursor: () => isAfter(polledTo, cursor) ? polledTo : cursor,
    /**
     * Records that polls have delivered everything up to an id.
     *
     * @param {string} id
     * @param {boolean} isComplete True if all topics are polled. Otherwise the cursor stays, for a stream of the others.
     */
    advancePoll(id, isComplete) {
      polledTo = id;
      if (isComplete || !cursor) advance(id);
    },
    advance,
    /** Forgets everything, because another log or another server sends unrelated ids. */
    reset() {
      cursor = polledTo = "";
      states.clear();
    },
    /**
     * Accepts an event unless it is a duplicate, and advances the cursor.
     *
     * @param {LiveEvent} event
     * @returns {LiveEvent | null | undefined} The event, with newer quotes in place of older ones in a snapshot, and a whole
     *   quote in place of a tick or a day. Null if it is a duplicate. Undefined for a tick whose quote is unknown, or names
     *   another source with another attribution.
     */
    accept(event) {
      const { type, data, id } = event;
      // A gap among the initial frames has the id of the cursor.
      if (id && type !== "gap" && !isAfter(id, cursor)) return null;
      advance(id);
      if (id && type.startsWith("article") && !isAfter(id, polledTo)) return null;
      if (type === "snapshot") {
        return { ...event, data: { ...data, quotes: data.quotes.map(keepNewer) } };
      }
      const quote = states.get(data?.symbol);
      let state = data;
      if (type === "day") state = quote && { ...quote, ...data };
      else if (type === "quote") {
        if (!quote || quote.source !== data.source) return undefined;
        state = withTick(quote, data);
      }
      if (!state || keepNewer(state) !== state) return null;
      return state === data ? event : { ...event, type: "quote", data: state };
    },
  };
}
