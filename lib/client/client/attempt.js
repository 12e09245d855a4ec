// @ts-check
/**
 * Lines that are tried, on the rungs of a ladder.
 *
 * @module
 */
import { openFetch } from "./transports/fetch.js";
import { openPoll } from "./transports/poll.js";
import { openSource } from "./transports/eventsource.js";

/**
 * A line, from its dialling on.
 *
 * @typedef {object} Trial
 * @property {number} rung
 * @property {import("./types.js").Transport} transport
 * @property {import("./types.js").OpenLine} open
 * @property {number} heardAt
 * @property {number} syncedAt Infinity before its `sync`.
 * @property {boolean} isOpening Until the first id.
 * @property {number} heartbeatMs
 * @property {number} aheadMs The server's clock before ours, as of `sync`.
 * @property {number} retryMs What the server asks to wait after a cut; EventSource does not tell.
 * @property {() => void} close
 */

/** @typedef {readonly [import("./types.js").Transport, import("./types.js").OpenLine]} Rung */

/** The last rung, where no stream comes through. @type {Rung} */
const POLL = ["poll", openPoll];
/** The ladder, from the best. @type {readonly Rung[]} */
const RUNGS = [["source", openSource], ["fetch", openFetch], POLL];

/** Before a `sync` says better: it may take 2.5 times as long, with the ticket that it may need. */
const HEARTBEAT_MS = 4000;
/** A line that lived so long was healthy: what failed before is forgotten. */
export const HEALTHY_MS = 10_000;

/** @param {number} rung @param {number} now @returns {Trial} */
export function createTrial(rung, now) {
  const [transport, open] = RUNGS[rung] ?? POLL;
  return {
    rung,
    transport,
    open,
    heardAt: now,
    syncedAt: Infinity,
    isOpening: true,
    heartbeatMs: HEARTBEAT_MS,
    aheadMs: 0,
    retryMs: 0,
    close() {},
  };
}

/** Whether more came than an opening. @param {Trial} trial */
export const isHealthy = ({ syncedAt, heardAt }) => heardAt - syncedAt >= HEALTHY_MS;

/** For how many heartbeats nothing came. @param {Trial} trial @param {number} now */
export const silenceOf = ({ heardAt, heartbeatMs }, now) => (now - heardAt) / heartbeatMs;
