// @ts-check
/**
 * Connection attempts, each at one transport level.
 *
 * @module
 */
import { openEventSource } from "./transports/eventsource.js";
import { openFetch } from "./transports/fetch.js";
import { openPoll } from "./transports/poll.js";

/** @import { OpenTransport, TransportName } from "./types.js" */

/**
 * @typedef {object} Attempt
 * @property {number} level
 * @property {TransportName} transport
 * @property {OpenTransport} open
 * @property {number} receivedAt The time of the last frame.
 * @property {number} syncedAt The time of `sync`; Infinity before it.
 * @property {boolean} isOpening True until the first id.
 * @property {number} heartbeatMs
 * @property {number} serverAheadMs The server's clock minus ours at `sync`.
 * @property {number} retryMs The server's delay after a cut. EventSource does not expose it.
 * @property {() => void} close
 */

/** @typedef {readonly [TransportName, OpenTransport]} TransportLevel */

/** @type {TransportLevel} */
const POLL_TRANSPORT = ["poll", openPoll];
/** @type {readonly TransportLevel[]} */
const TRANSPORTS = [["source", openEventSource], ["fetch", openFetch], POLL_TRANSPORT];

/** Transport levels, best first. */
export const LEVELS = { eventSource: 0, fetch: 1, poll: 2 };

/** The assumed heartbeat before `sync`: an attempt has 2.5 times as long, including its ticket. */
const FIRST_HEARTBEAT_MS = 4000;
/** The age at which a connection is healthy: earlier failures are forgotten. */
export const HEALTHY_AFTER_MS = 10_000;

/** @param {number} level @param {number} now @returns {Attempt} */
export function createAttempt(level, now) {
  const [transport, open] = TRANSPORTS[level] ?? POLL_TRANSPORT;
  return {
    level,
    transport,
    open,
    receivedAt: now,
    syncedAt: Infinity,
    isOpening: true,
    heartbeatMs: FIRST_HEARTBEAT_MS,
    serverAheadMs: 0,
    retryMs: 0,
    close() {},
  };
}

/** Reports that frames arrived well after `sync`. @param {Attempt} attempt */
export const isHealthy = ({ syncedAt, receivedAt }) => receivedAt - syncedAt >= HEALTHY_AFTER_MS;

/** Counts the heartbeats that are missing. @param {Attempt} attempt @param {number} now */
export const missedHeartbeats = ({ receivedAt, heartbeatMs }, now) =>
  (now - receivedAt) / heartbeatMs;
