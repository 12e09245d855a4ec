/**
 * How many commands there were, by name.
 *
 * @module
 */
import type { RedisClient } from "./redis_client.ts";
import { plain } from "./replies.ts";

/** Commands, counted. */
export interface CommandCounts {
  readonly total: number;
  /** By name in capitals. */
  readonly byName: Readonly<Record<string, number>>;
}

/** What only the stand-in itself sends. */
const OWN: ReadonlySet<string> = new Set(["INFO", "CONFIG"]);

/** Sums up pairs of a name and a number; a name may come more than once. */
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
 * What the redis-server has executed since it started or was told to forget, commands within scripts among it.
 * One with subcommands is counted by its first word. Its own INFO and CONFIG are left out.
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
