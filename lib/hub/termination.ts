/**
 * When a stream is over: its age, its rights, and what it follows.
 *
 * @module
 */
import { comparePositions, type Position } from "../core/position.ts";
import { encodeFrames } from "../wire/sse.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import type { Follow } from "./merge.ts";

/** A client is told this long before its rights end, in milliseconds. */
const NOTICE_MS = 60_000;

/** Whether it is time to say that rights end. @param rightsEndAt In ms since the epoch. */
export function isNoticeDue(rightsEndAt: number, now: number): boolean {
  return now >= rightsEndAt - NOTICE_MS;
}

/** Says that rights end. It has no id, as nothing has that is not of the log. */
export function encodeNotice(rightsEndAt: number, now: number): Uint8Array<ArrayBuffer> {
  const data = JSON.stringify({ expires_in_ms: Math.max(0, Math.round(rightsEndAt - now)) });
  return encodeFrames({ event: "auth", data });
}

/** Why a client's time is up, null where it is not. */
export function timeUp(
  { rightsEndAt, expiresAt }: Pick<ClientStream, "rightsEndAt" | "expiresAt">,
  now: number,
): EndReason | null {
  if (now >= rightsEndAt) return "revoked";
  return now >= expiresAt ? "max_age" : null;
}

/** The last of the terminal events, where every topic that is followed has had its own: null as long as one goes on. */
export function endOf(follows: readonly Follow[]): Position | null {
  let last: Position | null = null;
  for (const { window: { end } } of follows) {
    if (end === null) return null;
    if (last === null || comparePositions(end, last) > 0) last = end;
  }
  return last;
}
