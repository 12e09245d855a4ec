// @ts-check
/**
 * Detection of silent connections: a server sends a frame at least once per heartbeat.
 *
 * @module
 */

/** The silence, in heartbeats, after which a connection counts as dead. */
export const MAX_MISSED_HEARTBEATS = 2.5;

/**
 * Counts the heartbeats since the last frame.
 *
 * @param {{ receivedAt: number, heartbeatMs: number }} connection
 * @param {number} now
 */
export const missedHeartbeats = ({ receivedAt, heartbeatMs }, now) =>
  (now - receivedAt) / heartbeatMs;
