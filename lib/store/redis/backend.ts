/**
 * The shared state of many isolates, in Redis.
 *
 * @module
 */
import { createListeners } from "../../core/listeners.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { SharedState } from "../backend.ts";
import type { Retention } from "../event_log.ts";
import { createRedisClient, type RedisAddress } from "./client.ts";
import { createRedisEventLog } from "./event_log.ts";
import { createRedisKeys } from "./keys.ts";
import { createRedisLease } from "./lease.ts";
import { createRedisStore } from "./store.ts";

/** The database, and the isolate's name in it. */
export interface RedisStateOptions extends RedisAddress {
  /** Prefix of every key and of the channel: `[A-Za-z0-9:_-]`. */
  readonly prefix: string;
  /** Tells this isolate from all others. */
  readonly isolate: string;
  readonly retention: Retention;
}

/** Creates state in Redis. It sends nothing before it is used. */
export function createRedisState(
  runtime: Pick<Runtime, "clock" | "fetch" | "random" | "log">,
  { prefix, isolate, retention, ...address }: RedisStateOptions,
): SharedState {
  const client = createRedisClient(runtime, address);
  const keys = createRedisKeys(prefix);
  const released = createListeners<string>();
  const onLeaseReleased = released.notify;
  return {
    log: createRedisEventLog({ runtime, client, keys, retention, isolate, onLeaseReleased }),
    store: createRedisStore(client, keys),
    lease: (name) => createRedisLease({ client, keys, released }, name, isolate),
    health: client.health,
  };
}
