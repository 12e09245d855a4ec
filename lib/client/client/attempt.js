// @ts-check
/**
 * Connection attempts. Each uses the transport of one level.
 *
 * @module
 */
import { openEventSource } from "./transports/eventsource.js";
import { openFetch } from "./transports/fetch.js";
import { openPoll } from "./transports/poll.js";

/** @import { OpenTransport, TransportName } from "./types.js" */

/**
 * All times are those of `runtime.elapsed()`.
 *
 * @typedef {object} Attempt
 * @property {number} level One of {@linkcode LEVELS}.
 * @property {TransportName} transport
 * @property {OpenTransport} open
 * @property {number} receivedAt The time of the last frame; before it, the time of creation.
 * @property {number} syncedAt The time of `sync`; Infinity before it.
 * @property {boolean} isOpening True until the first id.
 * @property {number} heartbeatMs
 * @property {number} serverAheadMs The server's clock minus ours at `sync`.
 * @property {number} retryMs The server's delay after a cut. EventSource does not expose it.
 * @property {() => void} close Does nothing until the transport is open.
 */

/** @typedef {readonly [TransportName, OpenTransport]} TransportLevel */

/** @type {TransportLevel} */
const POLL_TRANSPORT = ["poll", openPoll];
/** @type {readonly TransportLevel[]} */
const TRANSPORTS = [["eventsource", openEventSource], ["fetch", openFetch], POLL_TRANSPORT];

/** The indices of the transports, best first. */
export const LEVELS = { eventSource: 0, fetch: 1, poll: 2 };

/** The assumed heartbeat before `sync`. It gives an attempt ten seconds, including its ticket. */
const FIRST_HEARTBEAT_MS = 4000;
/** The age at which a connection is healthy, and earlier failures are forgotten. */
export const HEALTHY_AFTER_MS = 10_000;

/**
 * Creates an attempt that is not open yet.
 *
 * @param {number} level One of {@linkcode LEVELS}.
 * @param {number} now
 * @returns {Attempt}
 */
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

/** Returns true if frames have arrived for some time after `sync`. @param {Attempt} attempt */
export const isHealthy = ({ syncedAt, receivedAt }) => receivedAt - syncedAt >= HEALTHY_AFTER_MS;
