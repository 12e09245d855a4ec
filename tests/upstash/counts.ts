/**
 * Counts of commands by name.
 *
 * @module
 */
import type { RedisClient } from "./redis_client.ts";
import { plain } from "./replies.ts";

/** Counts of commands. */
export interface CommandCounts {
  readonly total: number;
  /** By name in capitals. */
  readonly byName: Readonly<Record<string, number>>;
}

/** The commands that only the stand-in itself sends. */
const OWN: ReadonlySet<string> = new Set(["INFO", "CONFIG"]);

/** Adds up pairs of a name and a number. A name may occur more than once. */
export function countsOf(pairs: Iterable<readonly [name: string, count: number]>): CommandCounts {
  const byName: Record<string, number> = {};
  let total = 0;
  for (const [name, count] of pairs) {
    byName[name] = (byName[name] ?? 0) + count;
    total += count;
  }
  return { total, byName };
}

/**
 * Counts the commands that the redis-server has executed since it started or its counts were reset, those inside scripts
 * included. A command with subcommands counts by its first word. INFO and CONFIG do not count.
 */
export async function commandsOf(redis: RedisClient): Promise<CommandCounts> {
  const [info = null] = await redis.ask([["INFO", "commandstats"]]);
  const lines = String(plain(info)).matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm);
  const pairs = [...lines].map(([, name = "", calls]): [string, number] => [
    name.toUpperCase(),
    Number(calls),
  ]);
  return countsOf(pairs.filter(([name, calls]) => calls > 0 && !OWN.has(name)));
}
