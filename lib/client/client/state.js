// @ts-check
/**
 * What a feed says of itself.
 *
 * @module
 */
import { createListeners } from "./listeners.js";
import { NO_FEED } from "./no_feed.js";

/** @typedef {import("./types.js").State} State */

/**
 * @param {(error: unknown) => void} report
 * @param {string} reason Why nothing comes yet.
 * @param {boolean} isShared
 */
export function createVoice(report, reason, isShared) {
  /** @type {import("./listeners.js").Listeners<State>} */
  const { add, tell } = createListeners(report);
  /** @type {State} */
  let state = { ...NO_FEED, reason, isShared };
  return {
    state: () => state,
    onState: add,
    /** Tells only of changes. @param {Partial<State>} change */
    say(change) {
      const said = { ...state, nextTryAt: null, ...change };
      if (JSON.stringify(said) !== JSON.stringify(state)) tell(state = said);
    },
  };
}
