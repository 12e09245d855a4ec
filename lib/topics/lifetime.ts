/**
 * Lifetimes: a resource ends once, at the latest when no heartbeat has come for its TTL.
 *
 * No function of this file reads a clock. Times are parameters, in milliseconds of wall time, because they are stored and
 * compared across isolates, whose monotonic clocks have nothing in common.
 *
 * @module
 */
import { z } from "zod";
import { isoTime, WireTime } from "../core/time.ts";

/** The terminal states that a publisher or a worker may report. */
export const ReportedEnd = z.enum(["completed", "failed", "cancelled"]);

/** All terminal states. Only time makes a resource `expired`. */
export const TERMINAL_STATES = [...ReportedEnd.options, "expired"] as const;

/** The times of a resource that expires. */
export const Lifetime = z.object({
  created_at: WireTime,
  updated_at: WireTime.meta({ description: "The time of its last heartbeat, or of its end." }),
  expires_at: WireTime.meta({ description: "The time at which it expires without a heartbeat." }),
});

/** The times of a resource that expires. */
export type Lifetime = Readonly<z.infer<typeof Lifetime>>;

/** Tests if a state is terminal. */
export function isTerminalState(state: string): boolean {
  return TERMINAL_STATES.some((terminalState) => terminalState === state);
}

/** Creates the times of a new resource. @param ttlS The time it lives after a heartbeat, in seconds. */
export function startLifetime(now: number, ttlS: number): Lifetime {
  return { created_at: isoTime(now), ...heartbeat(now, ttlS) };
}

/** Returns the times that a heartbeat changes. @param ttlS The time the resource lives after it, in seconds. */
export function heartbeat(now: number, ttlS: number): Omit<Lifetime, "created_at"> {
  return { updated_at: isoTime(now), expires_at: isoTime(now + ttlS * 1000) };
}

/** Returns the time that an end changes. `expires_at` keeps its value. */
export function endLifetime(now: number): Pick<Lifetime, "updated_at"> {
  return { updated_at: isoTime(now) };
}

/** Returns the time at which a resource expires without a heartbeat, in milliseconds since the Unix epoch. */
export function expiresAt({ expires_at }: Pick<Lifetime, "expires_at">): number {
  return Date.parse(expires_at);
}
