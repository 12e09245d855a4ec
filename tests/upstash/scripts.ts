/**
 * Lua scripts with flags that only the service knows.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Command } from "./commands.ts";

/** Adapts scripts to a redis-server. */
export interface Scripts {
  /** Returns the command as a redis-server accepts it. */
  adapt(command: Command): Command;
}

/** The index of the script in a command, by name. */
const SCRIPT_AT: ReadonlyMap<string, number> = new Map([["EVAL", 1], ["EVAL_RO", 1], [
  "SCRIPT",
  2,
]]);
const HASH_AT = 1;
const FLAG = "allow-key-locking";

function hashOf(script: string): string {
  return createHash("sha1").update(script).digest("hex");
}

/** Removes the flag from the first line. Line numbers stay. */
function withoutFlag(script: string): string {
  return script.replace(/^#!lua[^\n]*/, (line) => {
    const flags = /flags=(\S+)/.exec(line)?.[1]?.split(",") ?? [];
    const others = flags.filter((each) => each !== FLAG);
    if (others.length === flags.length) return line;
    return others.length === 0 ? "" : `#!lua flags=${others.join(",")}`;
  });
}

/**
 * Creates an adapter that removes the flag `allow-key-locking` from scripts and translates their hashes. A script with
 * this flag locks its keys on the service instead of the whole database; redis-server refuses it.
 */
export function createScripts(): Scripts {
  const hashes = new Map<string, string>();

  return {
    adapt(command) {
      const { name, args } = command;
      if (name === "EVALSHA" || name === "EVALSHA_RO") {
        const hash = hashes.get(String(args[HASH_AT]).toLowerCase());
        return hash === undefined ? command : { name, args: args.with(HASH_AT, hash) };
      }
      const at = SCRIPT_AT.get(name) ?? args.length;
      const script = args[at];
      if (typeof script !== "string") return command;
      const adapted = withoutFlag(script);
      if (adapted === script) return command;
      hashes.set(hashOf(script), hashOf(adapted));
      return { name, args: args.with(at, adapted) };
    },
  };
}
