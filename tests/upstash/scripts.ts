/**
 * Lua scripts that ask for what only the service has.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Command } from "./commands.ts";

/** Makes scripts fit for a redis-server. */
export interface Scripts {
  /** The command as a redis-server takes it. */
  adapt(command: Command): Command;
}

/** Where a command carries a script, by its name. */
const SCRIPT_AT: ReadonlyMap<string, number> = new Map([["EVAL", 1], ["EVAL_RO", 1], [
  "SCRIPT",
  2,
]]);
const HASH_AT = 1;
const FLAG = "allow-key-locking";

function hashOf(script: string): string {
  return createHash("sha1").update(script).digest("hex");
}

/** Takes the flag out of the first line, and the line with it if it was the only one. Line numbers stay. */
function withoutFlag(script: string): string {
  return script.replace(/^#!lua[^\n]*/, (line) => {
    const flags = /flags=(\S+)/.exec(line)?.[1]?.split(",") ?? [];
    const kept = flags.filter((each) => each !== FLAG);
    if (kept.length === flags.length) return line;
    return kept.length === 0 ? "" : `#!lua flags=${kept.join(",")}`;
  });
}

/**
 * Creates what takes the flag `allow-key-locking` out of scripts: the service locks by key and not globally
 * where a script begins with it, and redis-server refuses it. Their hashes are translated too.
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
