/**
 * Calls to Redis. Commands and scripts have a timeout, are counted, and update the store's health.
 *
 * @module
 */
import { errors, Redis } from "@upstash/redis";
import { createHash } from "node:crypto";
import { z } from "zod";
import { withDeadline } from "../../core/deadline.ts";
import { createListenerSet, type ListenerSet } from "../../core/listeners.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { StoreHealth } from "../backend.ts";
import { StoreUnavailable } from "../errors.ts";
import type { Retention } from "../event_log.ts";
import type { RedisKeys } from "./keys.ts";

/** The address of a database. */
export interface RedisAddress {
  readonly url: string;
  readonly token: string;
}

/** One database, as one isolate calls it. Commands and scripts that fail reject with a {@linkcode StoreUnavailable}. */
export interface RedisClient {
  readonly health: StoreHealth;
  /** Runs one command. */
  command<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
  /** Runs a Lua script and returns its value. The script calls Redis by `call` and `pcall`, which count its commands. */
  script(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<
    unknown
  >;
  /**
   * Opens a subscription: server-sent events of one channel. `signal` aborts the request, but may not reach the body. The
   * caller must cancel the body.
   */
  subscribe(channel: string, signal: AbortSignal): Promise<Response>;
  /** Marks the store as unavailable, because a subscription was not confirmed. `thrown` is the error, if there was one. */
  markFailed(thrown?: unknown): void;
}

/** The parts that the log, the store and the leases of one database share. */
export interface RedisContext {
  readonly runtime: Pick<Runtime, "clock" | "random">;
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly retention: Retention;
  /** The name of this isolate, which no other isolate has. */
  readonly isolate: string;
  /** Receives the name of each lease that is released while the log has a subscriber. */
  readonly released: ListenerSet<string>;
}

/** The timeout of a call, in milliseconds. */
export const CALL_TIMEOUT_MS = 2000;

/** Time without a failure after which an answer marks the store as available again, in milliseconds. */
const RECOVERY_MS = 1000;

/** The part of an error's message in which the SDK repeats the command. */
const SENT_COMMAND = /, command was: .*$/s;

const MAX_REASON_CHARACTERS = 200;

function databaseMessage({ message }: Error): string {
  return message.replace(SENT_COMMAND, "").slice(0, MAX_REASON_CHARACTERS);
}

function toStoreUnavailable(thrown: unknown): StoreUnavailable {
  if (thrown instanceof StoreUnavailable) return thrown;
  if (thrown instanceof errors.UpstashJSONParseError) {
    return new StoreUnavailable("its answer is not JSON", false, thrown);
  }
  if (thrown instanceof errors.UpstashError) {
    return new StoreUnavailable(databaseMessage(thrown), false, thrown);
  }
  return new StoreUnavailable("the connection failed", true, thrown);
}

/** Returns true if the database does not know the script: after its restart, or at the first call. */
function isUnknownScript(thrown: unknown): boolean {
  return thrown instanceof errors.UpstashError && databaseMessage(thrown).startsWith("NOSCRIPT");
}

/**
 * Reads a reply.
 *
 * @throws {StoreUnavailable} If `read` throws: the reply does not have the expected form.
 */
export function readReply<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw new StoreUnavailable("its reply does not have the expected form", false, thrown);
  }
}

/** A script, and the hash that the database knows it by. */
interface HashedScript {
  readonly lua: string;
  readonly sha: string;
}

/** Wraps a script so that it counts its commands, which are billed too. */
function withCommandCount(lua: string): HashedScript {
  const counting = `
local billed = 0
local function call(...) billed = billed + 1 return redis.call(...) end
local function pcall(...) billed = billed + 1 return redis.pcall(...) end
local function script()
${lua}
end
local value = script()
return { billed, value }`;
  return { lua: counting, sha: createHash("sha1").update(counting).digest("hex") };
}

const SCRIPT_REPLY = z.tuple([z.number(), z.unknown()]);

/** Creates a client. It sends nothing before the first call. */
export function createRedisClient(
  { clock, fetch, log }: Pick<Runtime, "clock" | "fetch" | "log">,
  { url, token }: RedisAddress,
): RedisClient {
  let isUp = true;
  let failedAt = -Infinity;
  let commands = 0;
  let pendingCheck: Promise<boolean> | null = null;
  const listeners = createListenerSet<boolean>();
  const scripts = new Map<string, HashedScript>();
  let signal = new AbortController().signal;
  const redis = new Redis({
    url,
    token,
    enableAutoPipelining: false,
    enableTelemetry: false,
    automaticDeserialization: false,
    // A database has one region: a read returns what was written.
    readYourWrites: false,
    retry: { retries: 0 },
    // The SDK reads it synchronously when a call begins.
    signal: () => signal,
  });

  function markFailed(failure: StoreUnavailable): void {
    failedAt = clock.elapsed();
    if (!isUp) return;
    isUp = false;
    log.warn("The shared store is unavailable", { reason: failure.reason });
    listeners.notify(false);
  }

  /** Marks the store as available, unless a call has failed recently: one answer among failures proves nothing. */
  function markAnswered(): void {
    if (isUp || clock.elapsed() - failedAt < RECOVERY_MS) return;
    isUp = true;
    log.info("The shared store is available again");
    listeners.notify(true);
  }

  /** Runs a call within its timeout and updates the store's health. */
  async function supervise<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const createTimeout = () =>
      new StoreUnavailable(`it did not answer within ${CALL_TIMEOUT_MS / 1000} s`, true);
    try {
      const value = await withDeadline(clock, CALL_TIMEOUT_MS, createTimeout, call);
      markAnswered();
      return value;
    } catch (thrown) {
      const failure = toStoreUnavailable(thrown);
      markFailed(failure);
      throw failure;
    }
  }

  function send<T>(callSignal: AbortSignal, run: (redis: Redis) => Promise<T>): Promise<T> {
    commands++;
    signal = callSignal;
    return run(redis);
  }

  /** Returns the hashed form of a script. It is created once. */
  function hashScript(lua: string): HashedScript {
    const script = scripts.get(lua) ?? withCommandCount(lua);
    scripts.set(lua, script);
    return script;
  }

  const command = <T>(run: (redis: Redis) => Promise<T>) =>
    supervise((callSignal) => send(callSignal, run));

  return {
    command,
    script(source, keys, args) {
      const { lua, sha } = hashScript(source);
      return supervise(async (callSignal) => {
        const reply = await send(callSignal, (redis) => redis.evalsha(sha, [...keys], [...args]))
          .catch((thrown) => {
            if (!isUnknownScript(thrown)) throw thrown;
            return send(callSignal, (redis) => redis.eval(lua, [...keys], [...args]));
          });
        const [billed, value] = readReply(() => SCRIPT_REPLY.parse(reply));
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
      throw new StoreUnavailable(`it refused a subscription: HTTP ${response.status}`, false);
    },
    markFailed: (thrown = new StoreUnavailable("it did not confirm a subscription", true)) =>
      markFailed(toStoreUnavailable(thrown)),
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
        pendingCheck ??= command((redis) => redis.ping()).then(() => isUp, () => false)
          .finally(() => pendingCheck = null);
        return pendingCheck;
      },
      onChange: listeners.add,
    },
  };
}
