// @ts-check
/**
 * What was told before is not told again: events by their ids, states by their times.
 *
 * @module
 */
import { isAfter } from "./place.js";

/** @param {any} value */
const timeOf = (value) => Date.parse(value.received_at ?? value.updated_at);

/** @param {string} last The cursor to go on from. */
export function createRepeats(last) {
  /** How far polls told of the news. */
  let polled = "";
  /** The newest of each symbol, operation and session: as many as were asked for. @type {Map<string, any>} */
  const shown = new Map();

  /** The newer of a state and the one that is shown; what is no state is new. @param {any} value */
  function newer(value) {
    const key = value?.symbol ?? (value?.owner && value.id);
    const old = shown.get(key);
    if (old && timeOf(old) > timeOf(value)) return old;
    if (key) shown.set(key, value);
    return value;
  }

  /** On, never back: a line that opens beside another one begins where that one was. @param {string} id */
  function moveTo(id) {
    if (isAfter(id, last)) last = id;
  }

  return {
    cursor: () => last,
    /** Where polls go on. */
    pollCursor: () => isAfter(polled, last) ? polled : last,
    /**
     * Polls told everything up to here.
     *
     * @param {string} id
     * @param {boolean} isAll Of all topics. Else the place waits for a stream, which tells the others from there.
     */
    polledTo(id, isAll) {
      polled = id;
      if (isAll || !last) moveTo(id);
    },
    moveTo,
    /** Another log, or another server: what it tells is new. */
    forget() {
      last = polled = "";
      shown.clear();
    },
    /**
     * @param {import("./types.js").StreamEvent} event
     * @returns {import("./types.js").StreamEvent | null} What is new of it.
     */
    take(event) {
      const { type, data, id } = event;
      // A gap in an opening has the id one came with.
      if (id && type !== "gap" && !isAfter(id, last)) return null;
      moveTo(id);
      if (id && type.startsWith("article") && !isAfter(id, polled)) return null;
      if (type === "snapshot") {
        return { ...event, data: { ...data, quotes: data.quotes.map(newer) } };
      }
      return newer(data) === data ? event : null;
    },
  };
}
