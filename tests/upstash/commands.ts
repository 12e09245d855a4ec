/**
 * Commands of HTTP requests: parses them, and refuses those that the service refuses.
 *
 * @module
 */
import type { RawCommand } from "./resp.ts";

/** A parsed command, with its arguments as Redis receives them. */
export interface Command {
  /** Its name in capitals. */
  readonly name: string;
  readonly args: RawCommand;
}

/** The kinds of requests: one command, a sequence, or a transaction. */
export type PlanKind = "one" | "pipeline" | "transaction";

/** The commands of a request. */
export interface RequestPlan {
  readonly kind: PlanKind;
  readonly commands: readonly Command[];
}

/** The parts of a request. */
export interface RestRequest {
  /** The parts of its path, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

/** The error of a request that is answered with 400. The client receives its message. */
export class BadRequest extends Error {
  override name = "BadRequest";
}

const KINDS: ReadonlyMap<string, PlanKind> = new Map([
  ["", "one"],
  ["pipeline", "pipeline"],
  ["multi-exec", "transaction"],
]);

/** The commands that the service refuses over REST: https://upstash.com/docs/redis/features/restapi and its compatibility page. */
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

/** Parses a command in a URL: `/set/key/value?EX=5`. A body is one more argument, as raw bytes. */
function fromPath({ segments, query, body }: RestRequest): Command {
  const options = [...query].filter(([name]) => name !== "_token");
  return toCommand([
    ...segments,
    ...(body.length > 0 ? [body] : []),
    ...options.flatMap(([name, value]) => value === "" ? [name] : [name, value]),
  ]);
}

/**
 * Parses JSON.
 *
 * @throws {BadRequest} If the body is no JSON.
 */
export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return failToParse();
  }
}

/**
 * Parses the commands of a request.
 *
 * @throws {BadRequest} If the request has an unknown form.
 */
export function readPlan(asked: RestRequest): RequestPlan {
  const [first = "", ...others] = asked.segments;
  const kind = others.length === 0 ? KINDS.get(first.toLowerCase()) : undefined;
  if (kind === undefined) return { kind: "one", commands: [fromPath(asked)] };
  const json = readJson(asked.body);
  if (kind === "one") return { kind, commands: [fromJson(json)] };
  if (Array.isArray(json) && json.length > 0) return { kind, commands: json.map(fromJson) };
  throw new BadRequest(`ERR empty ${first} request`);
}

/** Returns the error of a command that the service refuses. */
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
