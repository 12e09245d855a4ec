/**
 * What operations and sessions have in common: a life that lasts until the last sign of it was long ago, and one end.
 *
 * Nothing here knows a clock: times come in, in ms since the epoch.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../core/time.ts";

/** How publishers end something. */
export const TOLD_ENDS = ["completed", "failed", "cancelled"] as const;

/** How something ends: that it expired is decided by whoever looks. */
export const ENDS = [...TOLD_ENDS, "expired"] as const;

const time = z.iso.datetime().meta({ description: "ISO 8601, UTC" });

/** When something began, showed life, and expires: fields of whatever lives. */
export const Life = z.object({
  created_at: time,
  updated_at: time.meta({ description: "Its last sign of life, or its end." }),
  expires_at: time.meta({ description: "When it expires, unless there is a sign of life." }),
});

/** When something began, showed life, and expires. */
export type Life = Readonly<z.infer<typeof Life>>;

/** Whether a state is one that something ends in. */
export function isEnd(state: string): boolean {
  return ENDS.some((each) => each === state);
}

/** A life that begins. @param ttlS How long it lasts after a sign of life, in seconds. */
export function begunAt(now: number, ttlS: number): Life {
  return { created_at: isoTime(now), ...aliveAt(now, ttlS) };
}

/** What a sign of life changes. @param ttlS How long it lasts after one, in seconds. */
export function aliveAt(now: number, ttlS: number): Omit<Life, "created_at"> {
  return { updated_at: isoTime(now), expires_at: isoTime(now + ttlS * 1000) };
}

/** What an end changes. */
export function endedAt(now: number): Pick<Life, "updated_at"> {
  return { updated_at: isoTime(now) };
}

/** When it ends, unless there is a sign of life. */
export function expiresAt({ expires_at }: Life): number {
  return Date.parse(expires_at);
}
