/**
 * What one source's items were made of when they were met last. It outlives the log, so that what a feed still shows
 * after it has lapsed there is not new again.
 *
 * @module
 */
import { z } from "zod";
import type { Key } from "./article_keys.ts";
import type { Trace } from "./dedupe.ts";

/** Items that are remembered: those of the last document, and of those before. */
const MAX_TRACES = 200;

/** Traces as they are kept: newest first. */
export const Traces = z.array(
  z.object({ keys: z.array(z.string()), id: z.string(), version: z.string() }),
).readonly();

/** Traces as they are kept. */
export type Traces = Readonly<z.infer<typeof Traces>>;

/** The trace of an item with these keys, by the first key that left one. */
export function traceOf(traces: Traces, keys: readonly Key[]): Trace | null {
  for (const key of keys) {
    const trace = traces.find((each) => each.keys.includes(key));
    if (trace) return trace;
  }
  return null;
}

/** The traces after a document: its own, then older ones. */
export function nextTraces(own: Traces, older: Traces): Traces {
  const met = new Set(own.flatMap(({ keys }) => keys));
  return [...own, ...older.filter(({ keys }) => !keys.some((key) => met.has(key)))]
    .slice(0, MAX_TRACES);
}
