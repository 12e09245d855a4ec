/**
 * The shared state of many isolates, in Redis.
 *
 * @module
 */
import { createListenerSet } from "../../core/listeners.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { SharedState } from "../backend.ts";
import type { Retention } from "../event_log.ts";
import { createRedisClient, type RedisAddress, type RedisContext } from "./client.ts";
import { createRedisEventLog } from "./event_log.ts";
import { createRedisKeys } from "./keys.ts";
import { createRedisLease } from "./lease.ts";
import { createRedisStore } from "./store.ts";

/** The address of the database, the name of the isolate, and the retention. */
export interface RedisStateOptions extends RedisAddress {
  /** Prefix of every key and of the channel: `[A-Za-z0-9:_-]`. */
  readonly prefix: string;
  /** The name of this isolate, which no other isolate has. */
  readonly isolate: string;
  readonly retention: Retention;
}

/** Creates state in Redis. It sends nothing before it is used. */
export function createRedisState(
  runtime: Pick<Runtime, "clock" | "fetch" | "random" | "log">,
  { prefix, isolate, retention, ...address }: RedisStateOptions,
): SharedState {
  const context: RedisContext = {
    runtime,
    client: createRedisClient(runtime, address),
    keys: createRedisKeys(prefix),
    retention,
    isolate,
    released: createListenerSet(),
  };
  return {
    log: createRedisEventLog(context),
    store: createRedisStore(context),
    lease: (name) => createRedisLease(context, name),
    health: context.client.health,
  };
}
