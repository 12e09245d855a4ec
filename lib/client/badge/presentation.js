// @ts-check
/**
 * How each state of a feed looks: a word, and a mark of its own shape, so that colour alone says nothing.
 *
 * @module
 */

/** @import { State, StateKind } from "../client/types.js" */

/**
 * @typedef {object} Look
 * @property {string} word
 * @property {"good" | "warn" | "bad" | "calm"} tone Which colour.
 * @property {string} shape The path of the mark, in a square of 16.
 * @property {boolean} [canHurry] Whether asking for a try now makes sense.
 */

/** @type {Readonly<Record<StateKind, Look>>} */
export const LOOKS = {
  connecting: {
    word: "Connecting",
    tone: "warn",
    shape: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7Z",
  },
  live: { word: "Live", tone: "good", shape: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z" },
  stale: {
    word: "Stale",
    tone: "warn",
    shape: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 2v8a4 4 0 0 0 0-8Z",
  },
  reconnecting: {
    word: "Reconnecting",
    tone: "warn",
    shape: "M8 2a6 6 0 1 0 6 6h-2.5A3.5 3.5 0 1 1 8 4.5V7.2l4.4-3.6L8 0Z",
    canHurry: true,
  },
  polling: { word: "Polling", tone: "good", shape: "M8 1l7 7-7 7-7-7Z", canHurry: true },
  busy: { word: "Busy", tone: "warn", shape: "M2.5 2.5h11v11h-11Z", canHurry: true },
  offline: {
    word: "Offline",
    tone: "bad",
    shape: "M3.5 1.5L8 6l4.5-4.5 2 2L10 8l4.5 4.5-2 2L8 10l-4.5 4.5-2-2L6 8 1.5 3.5Z",
    canHurry: true,
  },
  paused: { word: "Paused", tone: "calm", shape: "M3 2h4v12H3ZM9 2h4v12H9Z" },
  ended: { word: "Ended", tone: "calm", shape: "M6.2 13.5L1 8.3l2-2 3.2 3.2L13 2.7l2 2Z" },
  stopped: { word: "Stopped", tone: "bad", shape: "M8 1l7.5 13.5H.5Z", canHurry: true },
};

/**
 * The state that is shown: a feed that brings nothing fresh is not called live.
 *
 * @param {State} state
 * @param {string | null} hollow Why what comes is worth nothing.
 * @returns {State}
 */
export function shownState(state, hollow) {
  const isUp = state.kind === "live" || state.kind === "polling";
  return isUp && hollow !== null ? { ...state, kind: "stale", reason: hollow } : state;
}

/**
 * Why, without the time of the next try: that was counted once, and the countdown goes on counting.
 *
 * @param {State} state
 */
export function whyOf({ reason, nextTryAt }) {
  return nextTryAt === null ? reason : reason.replace(/ Next try in \d+ s\.$/, "");
}

/** @param {number | null} seconds Null where there is no next try. */
export function nextTryWords(seconds) {
  if (seconds === null) return "";
  if (seconds === 0) return "Trying now.";
  return `Next try in ${
    seconds < 90 ? `${seconds}\u00a0s` : `${Math.round(seconds / 60)}\u00a0min`
  }.`;
}
