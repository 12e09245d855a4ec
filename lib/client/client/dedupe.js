// @ts-check
/**
 * Deduplication of events: by their ids, and of states by their times.
 *
 * @module
 */

/** @import { LiveEvent } from "./types.js" */

/** Pads both numbers of an id, which may have any number of digits. @param {string} id */
const sortableId = (id) => id.split("-").map((part) => part.padStart(40, "0")).join("-");

/** Compares two ids `<ms>-<n>`. @param {string} id @param {string} other */
export const isAfter = (id, other) => sortableId(id) > sortableId(other);

/** @param {any} value */
const stateTime = (value) => Date.parse(value.received_at ?? value.updated_at);

/** @param {string} cursor The cursor of the first connection. */
export function createDedupe(cursor) {
  /** The end of the polled news. */
  let polledTo = "";
  /** The newest state of each symbol, operation and session. @type {Map<string, any>} */
  const states = new Map();

  /** Returns the newer of a state and the known one. Other values count as new. @param {any} value */
  function newer(value) {
    const key = value?.symbol ?? (value?.owner && value.id);
    const known = states.get(key);
    if (known && stateTime(known) > stateTime(value)) return known;
    if (key) states.set(key, value);
    return value;
  }

  /** Moves the cursor forwards, never back: a replacement starts at the cursor of the old connection. @param {string} id */
  function advance(id) {
    if (isAfter(id, cursor)) cursor = id;
  }

  return {
    cursor: () => cursor,
    /** The cursor of the next poll. */
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
    /** Forgets everything: another log or another server sends new events. */
    reset() {
      cursor = polledTo = "";
      states.clear();
    },
    /**
     * @param {LiveEvent} event
     * @returns {LiveEvent | null} The new part of the event, null if it is a duplicate.
     */
    accept(event) {
      const { type, data, id } = event;
      // A gap among the initial frames has the id of the cursor.
      if (id && type !== "gap" && !isAfter(id, cursor)) return null;
      advance(id);
      if (id && type.startsWith("article") && !isAfter(id, polledTo)) return null;
      if (type === "snapshot") {
        return { ...event, data: { ...data, quotes: data.quotes.map(newer) } };
      }
      return newer(data) === data ? event : null;
    },
  };
}
