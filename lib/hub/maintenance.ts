/**
 * What is done for a client now and then, whether something happens or not.
 *
 * @module
 */
import type { Position } from "../core/position.ts";
import type { ClientStream, EndReason, SharedCursor } from "./client_stream.ts";
import { encodeNotice, isNoticeDue, timeUp } from "./termination.ts";
import { isAnyBehind } from "./catch_up.ts";
import type { Follow } from "./merge.ts";

/** A client that had no room for this long is let go, in milliseconds. */
const MOST_STALLED_MS = 60_000;

/** What sweeping needs of an audience. */
export interface SweepContext {
  readonly follows: readonly Follow[];
  readonly heartbeatMs: number;
  /** The standing of those in step. */
  readonly standing: () => SharedCursor;
  /** When those in step were last given something, in ms since the epoch. */
  readonly flushedAt: () => number;
  readonly catchUp: (client: ClientStream) => void | Promise<void>;
  /** Ends who has been told all there will ever be. */
  readonly finish: (client: ClientStream) => boolean;
  readonly end: (client: ClientStream, reason: EndReason) => void;
}

/**
 * Creates what gives a client a heartbeat, if nothing was said to it for a while, or word that its rights end; and ends it,
 * if its time is up or it stalls. `beat` makes a heartbeat.
 */
export function createSweep(
  { follows, heartbeatMs, standing, flushedAt, catchUp, finish, end }: SweepContext,
): (client: ClientStream, now: number, beat: (position: Position) => Uint8Array) => void {
  function stall(client: ClientStream, now: number): void {
    client.blockedSince ??= now;
    client.wake();
    client.readsLog ||= client.hasRest; // it is given something large: what it misses meanwhile is in the log
    const isLost = !client.readsLog && isAnyBehind(follows, client.standing.position);
    if (isLost || now - client.blockedSince >= MOST_STALLED_MS) end(client, "slow");
  }

  return (client, now, beat) => {
    const reason = timeUp(client, now);
    if (reason !== null) return end(client, reason);
    if (finish(client)) return;
    if (!client.isWritable()) return stall(client, now);
    if (!client.isNoticed && isNoticeDue(client.rightsEndAt, now)) {
      client.isNoticed = true;
      client.lastFrameAt = now;
      client.send(encodeNotice(client.rightsEndAt, now));
    }
    if (client.standing !== standing()) void catchUp(client);
    if (!client.isWritable()) return;
    const isInStep = client.standing === standing();
    const saidAt = isInStep ? Math.max(flushedAt(), client.lastFrameAt) : client.lastFrameAt;
    if (now - saidAt < heartbeatMs) return;
    client.lastFrameAt = now;
    client.send(beat(client.standing.position));
  };
}
