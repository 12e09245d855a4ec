/**
 * Commands of a load process and its answers, a JSON line each.
 *
 * @module
 */
import { z } from "zod";
import { DELAYS } from "../delays.ts";

/** The server that a load process works on. */
export const LOAD = z.object({
  port: z.int(),
  /** The server's process, whose CPU time is measured. */
  pid: z.int(),
  /** The paths that streams open, in turn. */
  paths: z.array(z.string()).min(1).readonly(),
  /** The request that publishes one event. */
  publish: z.object({
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    /** The text of the body before and after the event's data. */
    around: z.tuple([z.string(), z.string()]),
  }),
});

/** The server that a load process works on. */
export type LoadOptions = Readonly<z.infer<typeof LOAD>>;

/** Events at a steady rate. */
export const WAVE = z.object({
  /** Events a second. */
  rate: z.number(),
  /** The size of an event's data. */
  bytes: z.int(),
  /** The time of publishing before the measurement, and of the measurement itself. */
  warmUpMs: z.number(),
  ms: z.number(),
});

/** Events at a steady rate. */
export type Wave = z.infer<typeof WAVE>;

/** Events as fast as the slowest stream receives them. */
export const FLOOD = z.object({
  events: z.int(),
  /** The size of an event's data. */
  bytes: z.int(),
  /** The most events by which the publisher is ahead of the slowest stream. */
  maxAhead: z.int(),
});

/** Events as fast as the slowest stream receives them. */
export type Flood = z.infer<typeof FLOOD>;

/** A command. The answer to a wave or a flood is an {@linkcode OUTCOME}, to any other `null`. */
export const COMMAND = z.discriminatedUnion("do", [
  z.object({ do: z.literal("open"), count: z.int(), maxParsed: z.int() }),
  WAVE.extend({ do: z.literal("wave") }),
  FLOOD.extend({ do: z.literal("flood") }),
  z.object({ do: z.literal("hang up") }),
]);

/** A command. */
export type Command = z.infer<typeof COMMAND>;

/** Figures of the measured time, and faults of the whole wave or flood. */
export const OUTCOME = z.object({
  seconds: z.number(),
  /** Events that the server has accepted. */
  published: z.int(),
  /** Events that the server has delivered, over all streams. */
  delivered: z.int(),
  /** CPU seconds of the server, and of the load process. */
  serverCpu: z.number(),
  loadCpu: z.number(),
  /** The time from when an event was due to its arrival, for each event of the parsed streams. */
  delays: DELAYS,
  lost: z.int(),
  repeated: z.int(),
  /** False if an event was still missing when waiting ended: the server does not keep up, or lost the end. */
  isWhole: z.boolean(),
  /** Parsed streams in which the parser and the counter found different numbers of events. */
  disagreements: z.int(),
});

/** Figures of the measured time, and faults of the whole wave or flood. */
export type Outcome = z.infer<typeof OUTCOME>;
