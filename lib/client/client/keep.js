// @ts-check
/**
 * What a tab that comes late is told: what a stream opens with.
 *
 * @module
 */

/** @import { StreamEvent } from "./types.js" */

/** The newest state of an operation or a session, or the end of a chat's answer, which has no id. */
const STATES = [
  "progress",
  "session",
  "completed",
  "failed",
  "cancelled",
  "expired",
  "done",
  "stopped",
];

/** @param {any[]} all @param {string} key @param {any} value */
const put = (all, key, value) => [...all.filter((each) => each[key] !== value[key]), value];

/** Keeps the newest of each, and a chat's answer so far. */
export function createKeep() {
  /** @type {any} */
  let market;
  /** @type {any[]} */
  let states = [];
  let text = "";
  return {
    /** @param {{ type: string, data: any }} event */
    take({ type, data }) {
      if (type === "snapshot") market = data;
      else if (type === "token") text += data.text;
      // The answer is told anew.
      else if (type === "gap") text = "";
      else if (STATES.includes(type)) states = put(states, "key", { key: data.id, type, data });
      else if (market && type === "quote") {
        market = { ...market, quotes: put(market.quotes, "symbol", data) };
      } else if (market && type === "status") {
        market = { ...market, status: put(market.status, "provider", data) };
      }
    },
    /** @returns {StreamEvent[]} Without ids. */
    events: () =>
      [
        ...market ? [{ type: "snapshot", data: market }] : [],
        ...text ? [{ type: "token", data: { text } }] : [],
        ...states,
      ].map(({ type, data }) => ({ type, data, id: "" })),
  };
}
