/**
 * What one source's items were made of when they were met last. It outlives the log, so that what a feed still shows
 * after it has lapsed there is not new again.
 *
 * @module
 */
import { z } from "zod";
import type { ArticleKey } from "./article_keys.ts";
import type { Trace } from "./dedupe.ts";

/** Items that are remembered: those of the last document, and of those before. */
const MAX_SEEN_ITEMS = 200;

/** Traces as they are kept: newest first. */
export const SeenItems = z.array(
  z.object({ keys: z.array(z.string()), id: z.string(), version: z.string() }),
).readonly();

/** Traces as they are kept. */
export type SeenItems = Readonly<z.infer<typeof SeenItems>>;

/** The trace of an item with these keys, by the first key that left one. */
export function findSeenItem(traces: SeenItems, keys: readonly ArticleKey[]): Trace | null {
  for (const key of keys) {
    const trace = traces.find((each) => each.keys.includes(key));
    if (trace) return trace;
  }
  return null;
}

/** The traces after a document: its own, then older ones. */
export function mergeSeenItems(own: SeenItems, older: SeenItems): SeenItems {
  const met = new Set(own.flatMap(({ keys }) => keys));
  return [...own, ...older.filter(({ keys }) => !keys.some((key) => met.has(key)))]
    .slice(0, MAX_SEEN_ITEMS);
}
