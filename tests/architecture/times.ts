/**
 * The two clocks: wall time is shown or stored, and intervals are monotonic.
 *
 * @module
 */
import { allFacts } from "./facts.ts";
import type { Files } from "./source.ts";

const STORED = "the time is stored, and every isolate must agree on it";
const SHOWN = "the time of the next try is shown";

/** Files that may calculate with wall time, each with its reason. */
export const WALL_TIME: ReadonlyMap<string, string> = new Map([
  ["lib/http/tickets.ts", STORED],
  ["lib/upstream/upstream.ts", SHOWN],
  ["lib/core/time.ts", "ids begin with wall time, and retention is counted from it"],
  ["lib/topics/resource.ts", STORED],
  ["lib/topics/expiry_timer.ts", STORED],
  ["lib/topics/news/poll.ts", STORED],
  ["lib/topics/news/feed_scheduler.ts", STORED],
  ["lib/topics/quotes/freshness.ts", "market hours, and the times of other isolates' quotes"],
  ["lib/topics/quotes/history/source_histories.ts", STORED],
  ["lib/topics/quotes/history/quote_history.ts", "a range of bars ends now"],
  ["lib/topics/quotes/quote_cache.ts", "a market time is compared with wall time"],
  ["lib/topics/quotes/provider_client.ts", SHOWN],
  ["lib/topics/quotes/failover.ts", SHOWN],
  ["lib/client/client/page_lifecycle.js", "wall time that jumps ahead shows that the device slept"],
]);

/** Returns comparisons of wall time and calculations with it, outside the listed files. */
export function wallTimeMath(files: Files): string[] {
  return [...allFacts(files)].flatMap(([path, facts]) =>
    WALL_TIME.has(path)
      ? []
      : facts.wallTimeMath.map((at) => `${at}: calculates with now(): intervals use elapsed()`)
  );
}

/** Returns listed files that no longer calculate with wall time. */
export function needlessWallTime(files: Files): string[] {
  const facts = allFacts(files);
  return [...WALL_TIME.keys()].filter((path) => !facts.get(path)?.wallTimeMath.length);
}
