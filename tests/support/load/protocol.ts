/**
 * What a load process is asked and what it answers, a JSON line each.
 *
 * @module
 */
import { z } from "zod";
import { DELAYS } from "../delays.ts";

/** What a load process works on. */
export const LOAD = z.object({
  port: z.int(),
  /** The server's process, whose CPU time is taken. */
  pid: z.int(),
  /** What its streams follow, in turn. */
  paths: z.array(z.string()).min(1),
  post: z.object({
    port: z.int(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    around: z.tuple([z.string(), z.string()]),
  }),
});

/** What a load process works on. */
export type LoadOptions = z.infer<typeof LOAD>;

/** A wave: events at a steady rate. */
export const WAVE = z.object({
  /** Events a second. */
  rate: z.number(),
  /** The size of an event's data. */
  bytes: z.int(),
  /** How long is published before the measuring begins, and how long it takes. */
  warmUpMs: z.number(),
  ms: z.number(),
});

/** A wave: events at a steady rate. */
export type Wave = z.infer<typeof WAVE>;

/** What can be asked. */
export const COMMAND = z.discriminatedUnion("do", [
  z.object({ do: z.literal("open"), count: z.int() }),
  WAVE.extend({ do: z.literal("wave") }),
  z.object({ do: z.literal("hang up") }),
]);

/** What can be asked. */
export type Command = z.infer<typeof COMMAND>;

/** What became of it. All but the last four are of the measured time alone; without a wave they are 0. */
export const OUTCOME = z.object({
  seconds: z.number(),
  /** Events the server has taken, and those it has delivered, over all streams. */
  published: z.int(),
  delivered: z.int(),
  /** CPU seconds of the server, and of the load process. */
  serverCpu: z.number(),
  loadCpu: z.number(),
  /** From when an event was due to its arrival, each event of the parsed streams. */
  delays: DELAYS,
  /** Of the whole wave, whose rest is waited for: */
  lost: z.int(),
  repeated: z.int(),
  /** False where something was still missing after the patience: the server does not keep up, or lost the end. */
  isWhole: z.boolean(),
  /** Parsed streams whose count was another. */
  disagreements: z.int(),
});

/** What became of it. */
export type Outcome = z.infer<typeof OUTCOME>;
