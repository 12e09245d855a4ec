/**
 * Calls to Redis: with a deadline, counted, and judged by whether they succeed.
 *
 * @module
 */
import { Redis } from "@upstash/redis";
import { createHash } from "node:crypto";
import { z } from "zod";
import { withDeadline } from "../../core/deadline.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isUnknownScript, RedisFailure, toRedisFailure } from "./failure.ts";
import type { StoreHealth } from "../backend.ts";

/** Where the database is. */
export interface RedisAddress {
  readonly url: string;
  readonly token: string;
}

/** One database, as one isolate calls it. Every call rejects with a {@linkcode RedisFailure} where it fails. */
export interface RedisClient {
  readonly health: StoreHealth;
  /** Runs one command. */
  command<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
  /** Runs a script of Lua and gives what it returns. It calls Redis by `call`, so that its commands are counted. */
  script(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<
    unknown
  >;
  /** Opens a subscription: server-sent events of one channel. `signal` ends the request, not the body. */
  subscribe(channel: string, signal: AbortSignal): Promise<Response>;
  /** A subscription that was asked for was never confirmed, for this reason if there is one. */
  markFailed(thrown?: unknown): void;
}

/** How long a call may take, in milliseconds. */
export const CALL_TIMEOUT_MS = 2000;

/** It is back when it answers, and nothing has failed for this long, in milliseconds. */
const RECOVERY_MS = 1000;

/** Billed are the commands inside of scripts too: a script says how many it used. */
function withCommandCount(lua: string): string {
  return `
local billed = 0
local function call(...) billed = billed + 1 return redis.call(...) end
local function pcall(...) billed = billed + 1 return redis.pcall(...) end
local function script()
${lua}
end
local value = script()
return { billed, value }`;
}

/** A script, and the name the database knows it by. */
interface CachedScript {
  readonly lua: string;
  readonly sha: string;
}

const SCRIPT_REPLY = z.tuple([z.number(), z.unknown()]);

/** Creates a client. Nothing is sent before the first call. */
export function createRedisClient(
  { clock, fetch, log }: Pick<Runtime, "clock" | "fetch" | "log">,
  { url, token }: RedisAddress,
): RedisClient {
  let isUp = true;
  let failedAt = -Infinity;
  let commands = 0;
  const listeners = new Set<(isUp: boolean) => void>();
  const scripts = new Map<string, CachedScript>();
  let signal = new AbortController().signal;
  const redis = new Redis({
    url,
    token,
    enableAutoPipelining: false,
    enableTelemetry: false,
    automaticDeserialization: false,
    // One region: what was written is read.
    readYourWrites: false,
    retry: { retries: 0 },
    // It is asked for in the same turn in which a call begins.
    signal: () => signal,
  });

  /** One good answer among failures does not mean that it is back. */
  function judge(failure: RedisFailure | null): void {
    if (failure) failedAt = clock.now();
    else if (clock.now() - failedAt < RECOVERY_MS) return;
    if (isUp === (failure === null)) return;
    isUp = failure === null;
    if (failure) log.warn("The shared store is away", { reason: failure.reason });
    else log.info("The shared store is back");
    for (const listener of [...listeners]) listener(isUp);
  }

  /** Does something within the deadline, and learns from it how the store is doing. */
  async function judged<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = () =>
      new RedisFailure(`it did not answer within ${CALL_TIMEOUT_MS / 1000} s`, true);
    try {
      const value = await withDeadline(clock, CALL_TIMEOUT_MS, late, task);
      judge(null);
      return value;
    } catch (thrown) {
      const failure = toRedisFailure(thrown);
      judge(failure);
      throw failure;
    }
  }

  function send<T>(own: AbortSignal, run: (redis: Redis) => Promise<T>): Promise<T> {
    commands++;
    signal = own;
    return run(redis);
  }

  function scriptOf(source: string): CachedScript {
    const known = scripts.get(source);
    if (known) return known;
    const lua = withCommandCount(source);
    const script = { lua, sha: createHash("sha1").update(lua).digest("hex") };
    scripts.set(source, script);
    return script;
  }

  const command = <T>(run: (redis: Redis) => Promise<T>) => judged((own) => send(own, run));
  let asking: Promise<boolean> | null = null;

  return {
    command,
    script(source, keys, args) {
      const { lua, sha } = scriptOf(source);
      return judged(async (own) => {
        const answer = await send(own, (redis) => redis.evalsha(sha, [...keys], [...args]))
          .catch((thrown) => {
            if (!isUnknownScript(thrown)) throw thrown;
            return send(own, (redis) => redis.eval(lua, [...keys], [...args]));
          });
        const { data, error } = SCRIPT_REPLY.safeParse(answer);
        if (error) throw new RedisFailure("it answered what no script of ours does", false, error);
        const [billed, value] = data;
        commands += billed;
        return value;
      });
    },
    async subscribe(channel, signal) {
      commands++;
      const response = await fetch(new URL(`${url.replace(/\/$/, "")}/subscribe/${channel}`), {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
        signal,
      });
      if (response.ok) return response;
      response.body?.cancel().catch(() => {});
      throw new RedisFailure(`it refused a subscription: HTTP ${response.status}`, false);
    },
    markFailed: (thrown = new RedisFailure("it did not confirm a subscription", true)) =>
      judge(toRedisFailure(thrown)),
    health: {
      kind: "redis",
      get isUp() {
        return isUp;
      },
      get commands() {
        return commands;
      },
      check() {
        if (isUp) return Promise.resolve(true);
        asking ??= command((redis) => redis.ping()).then(() => isUp, () => false)
          .finally(() => asking = null);
        return asking;
      },
      onChange(listener) {
        const own = (up: boolean) => listener(up);
        listeners.add(own);
        return () => void listeners.delete(own);
      },
    },
  };
}
