/**
 * What a client is asked and what it answers, a JSON line each.
 *
 * @module
 */
import { z } from "zod";
import { DELAYS } from "./delays.ts";

/** What a client consists of. */
export const LOAD_CLIENT = z.object({
  port: z.int(),
  /** What the live streams follow. */
  path: z.string(),
  live: z.int(),
  /** Clients that ask and then never read; every second one reads the head of its answer. */
  stalled: z.int(),
  /** What the stalled ones follow, in turn. */
  stalledPaths: z.array(z.string()).min(1),
});

/** What a client consists of. */
export type LoadClientOptions = Readonly<z.infer<typeof LOAD_CLIENT>>;

/** `report` answers with a report; `wave` does so too, and then counts delays anew. */
export const COMMAND = z.enum(["report", "wave"]);

/** What a client's live streams have seen. */
export const REPORT = z.object({
  open: z.int(),
  /** Those that ended: how their bodies ended, and whether as HTTP wants it. */
  ended: z.array(z.object({ tail: z.string(), isWhole: z.boolean() })),
  /** How many open streams have which id as their last. */
  lastIds: z.record(z.string(), z.int()),
  /** The smallest and largest number of bytes any open stream got after its opening. */
  leastBytes: z.int(),
  mostBytes: z.int(),
  /** From the time in an event's id to its arrival here; of the last event in each read. */
  delays: DELAYS,
  /** From the time in the last event's id to its arrival, a reading a stream. */
  lastDelays: DELAYS,
});

/** What a client's live streams have seen. */
export type LoadReport = Readonly<z.infer<typeof REPORT>>;
