/**
 * The two clocks: wall time is shown or stored, and intervals are monotonic.
 *
 * @module
 */
import { allFacts } from "./facts.ts";
import type { Files } from "./source.ts";

/** Files that may calculate with wall time, each with its reason. */
export const WALL_TIME: ReadonlyMap<string, string> = new Map([
  ["lib/http/tickets.ts", "a ticket is a token, and every isolate must agree on its expiry"],
  ["lib/upstream/upstream.ts", "the end of a pause is shown"],
]);

/** Every comparison of wall time, and every calculation with it, outside of the files that may. */
export function wallTimeMath(files: Files): string[] {
  return [...allFacts(files)].flatMap(([path, facts]) =>
    WALL_TIME.has(path)
      ? []
      : facts.wallTimeMath.map((at) => `${at}: calculates with now(): intervals use elapsed()`)
  );
}

/** Every file that may calculate with wall time and does not. */
export function needlessWallTime(files: Files): string[] {
  const facts = allFacts(files);
  return [...WALL_TIME.keys()].filter((path) => !facts.get(path)?.wallTimeMath.length);
}
