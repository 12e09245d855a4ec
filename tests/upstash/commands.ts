/**
 * Commands as they come over HTTP: read, and refused where the service does not take them.
 *
 * @module
 */
import type { RawCommand } from "./resp.ts";

/** A command that was read, its arguments as they go to Redis. */
export interface Command {
  /** Its name in capitals. */
  readonly name: string;
  readonly args: RawCommand;
}

/** How commands are run: one, one after the other, or all or none. */
export type PlanKind = "one" | "pipeline" | "transaction";

/** What a request wants to have run. */
export interface Plan {
  readonly kind: PlanKind;
  readonly commands: readonly Command[];
}

/** A request, taken apart. */
export interface Asked {
  /** The parts of its path, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

/** A request that is answered with 400. The message is what the client reads. */
export class BadRequest extends Error {
  override name = "BadRequest";
}

const KINDS: ReadonlyMap<string, PlanKind> = new Map([
  ["", "one"],
  ["pipeline", "pipeline"],
  ["multi-exec", "transaction"],
]);

/** What the service does not take over REST: https://upstash.com/docs/redis/features/restapi and its compatibility page. */
const REFUSED: ReadonlySet<string> = new Set([
  ..."BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP".split(" "),
  ..."MULTI EXEC DISCARD WATCH UNWATCH".split(" "),
  ..."SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR".split(" "),
  ..."AUTH HELLO SELECT QUIT RESET CLIENT CONFIG DEBUG SHUTDOWN".split(" "),
  ..."SYNC PSYNC REPLICAOF".split(" "),
]);

function argument(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function failToParse(): never {
  throw new BadRequest("ERR failed to parse command");
}

function toCommand(words: RawCommand): Command {
  const [name] = words;
  if (typeof name !== "string" || name === "") return failToParse();
  return { name: name.toUpperCase(), args: words };
}

/** One command: `["SET", "key", 1]`. */
function fromJson(value: unknown): Command {
  return Array.isArray(value) ? toCommand(value.map(argument)) : failToParse();
}

/** A command in an address: `/set/key/value?EX=5`. A body is one more argument, bytes as they are. */
function fromPath({ segments, query, body }: Asked): Command {
  const options = [...query].filter(([name]) => name !== "_token");
  return toCommand([
    ...segments,
    ...(body.length > 0 ? [body] : []),
    ...options.flatMap(([name, value]) => value === "" ? [name] : [name, value]),
  ]);
}

/**
 * Reads JSON.
 *
 * @throws {BadRequest} If it is none.
 */
export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return failToParse();
  }
}

/**
 * Reads what a request wants to have run.
 *
 * @throws {BadRequest} If that cannot be understood.
 */
export function readPlan(asked: Asked): Plan {
  const [first = "", ...others] = asked.segments;
  const kind = others.length === 0 ? KINDS.get(first.toLowerCase()) : undefined;
  if (kind === undefined) return { kind: "one", commands: [fromPath(asked)] };
  const json = readJson(asked.body);
  if (kind === "one") return { kind, commands: [fromJson(json)] };
  if (Array.isArray(json) && json.length > 0) return { kind, commands: json.map(fromJson) };
  throw new BadRequest(`ERR empty ${first} request`);
}

/** Why the service does not take a command, or nothing if it does. */
export function refusalOf({ name, args }: Command): string | undefined {
  if (REFUSED.has(name)) {
    return `ERR Command is not available: '${
      args[0]
    }'. See https://upstash.com/docs/redis/overall/compatibility for details`;
  }
  if (name !== "XREAD" && name !== "XREADGROUP") return undefined;
  const words = args.map((each) => typeof each === "string" ? each.toUpperCase() : "");
  const options = words.slice(0, words.indexOf("STREAMS"));
  return options.includes("BLOCK") ? `ERR ${name} with BLOCK is not available` : undefined;
}
