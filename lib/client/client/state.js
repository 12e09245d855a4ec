// @ts-check
/**
 * The published state of a connection.
 *
 * @module
 */
import { createEmitter } from "./emitter.js";

/** @import { Emitter } from "./emitter.js" */
/** @import { ConnectionState } from "./types.js" */

/** The state before the first connection. @type {ConnectionState} */
export const IDLE_STATE = Object.freeze({
  kind: "connecting",
  transport: null,
  reason: "Not connected yet.",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
});

export const PAUSED_REASON =
  "Paused while the page is hidden. It resumes when the page is visible.";
export const CLOSED_REASON = "The connection was closed.";

/**
 * Creates a state that publishes its changes.
 *
 * @param {(error: unknown) => void} report
 * @param {Partial<ConnectionState>} initial Differences from the idle state.
 */
export function createConnectionState(report, initial) {
  /** @type {Emitter<ConnectionState>} */
  const { subscribe, emit } = createEmitter(report);
  /** @type {ConnectionState} */
  let state = { ...IDLE_STATE, ...initial };
  return {
    get: () => state,
    subscribe,
    /**
     * Changes some properties, resets `nextTryAt` unless it is among them, and publishes the state if it differs.
     *
     * @param {Partial<ConnectionState>} changes
     */
    update(changes) {
      const newState = { ...state, nextTryAt: null, ...changes };
      if (JSON.stringify(newState) !== JSON.stringify(state)) emit(state = newState);
    },
  };
}
