// @ts-check
/**
 * The presentation of connection states: a word, and a mark of a distinct shape, so that no state depends on colour.
 *
 * @module
 */
import { formatDuration } from "../format/values.js";

/** @import { ConnectionState, ConnectionStateKind } from "../client/types.js" */

/**
 * @typedef {object} Presentation
 * @property {string} word
 * @property {"good" | "warn" | "bad" | "calm"} tone The colour.
 * @property {string} shape The path of the mark, in a square of 16.
 * @property {boolean} [canReconnect] True if an immediate attempt is useful.
 */

/** The presentation of each kind of state. @type {Readonly<Record<ConnectionStateKind, Presentation>>} */
export const PRESENTATIONS = {
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
    canReconnect: true,
  },
  polling: { word: "Polling", tone: "good", shape: "M8 1l7 7-7 7-7-7Z", canReconnect: true },
  busy: { word: "Busy", tone: "warn", shape: "M2.5 2.5h11v11h-11Z", canReconnect: true },
  offline: {
    word: "Offline",
    tone: "bad",
    shape: "M3.5 1.5L8 6l4.5-4.5 2 2L10 8l4.5 4.5-2 2L8 10l-4.5 4.5-2-2L6 8 1.5 3.5Z",
    canReconnect: true,
  },
  paused: { word: "Paused", tone: "calm", shape: "M3 2h4v12H3ZM9 2h4v12H9Z" },
  ended: { word: "Ended", tone: "calm", shape: "M6.2 13.5L1 8.3l2-2 3.2 3.2L13 2.7l2 2Z" },
  stopped: { word: "Stopped", tone: "bad", shape: "M8 1l7.5 13.5H.5Z", canReconnect: true },
};

/**
 * Shows a connected feed that delivers no fresh data as stale.
 *
 * @param {ConnectionState} state
 * @param {string | null} staleReason Null if the data is fresh.
 * @returns {ConnectionState}
 */
export function presentedState(state, staleReason) {
  const isConnected = state.kind === "live" || state.kind === "polling";
  return isConnected && staleReason !== null
    ? { ...state, kind: "stale", reason: staleReason }
    : state;
}

/**
 * Removes the delay of the next attempt from a reason: the countdown shows it.
 *
 * @param {ConnectionState} state
 */
export function reasonText({ reason, nextTryAt }) {
  return nextTryAt === null ? reason : reason.replace(/ Next try in \d+ s\.$/, "");
}

/** Writes the time until the next attempt. @param {number | null} seconds Null if none is scheduled. */
export function nextTryText(seconds) {
  if (seconds === null) return "";
  if (seconds === 0) return "Trying now.";
  return `Next try in ${formatDuration(seconds)}.`;
}

/** Returns false if the connection is interrupted or late, so that the freshness of prices is unknown. @param {ConnectionState} state */
export const isFollowing = ({ kind }) => ["connecting", "live", "polling"].includes(kind);
