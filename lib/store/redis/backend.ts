/**
 * What isolates share, in Redis.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import type { Retention } from "../event_log.ts";
import { createRedisClient, type RedisAddress } from "./client.ts";
import { createRedisEventLog } from "./event_log.ts";
import { createRedisKeys } from "./keys.ts";
import { createRedisLease } from "./lease.ts";
import { createRedisStore } from "./store.ts";
import type { SharedState } from "../backend.ts";

/** Which database, and who we are in it. */
export interface RedisStateOptions extends RedisAddress {
  /** Of every key, and of the channel: `[A-Za-z0-9:_-]`. */
  readonly prefix: string;
  /** Tells this isolate from all others. */
  readonly isolate: string;
  readonly retention: Retention;
}

/** Creates state in Redis. Nothing is sent before it is used. */
export function createRedisState(
  runtime: Pick<Runtime, "clock" | "fetch" | "random" | "log">,
  { prefix, isolate, retention, ...address }: RedisStateOptions,
): SharedState {
  const client = createRedisClient(runtime, address);
  const keys = createRedisKeys(prefix);
  const waiting = new Set<{ readonly name: string; readonly listener: () => void }>();

  function onFree(name: string, listener: () => void): () => void {
    const own = { name, listener };
    waiting.add(own);
    return () => void waiting.delete(own);
  }

  const log = createRedisEventLog({
    runtime,
    client,
    keys,
    retention,
    isolate,
    onFree(lease) {
      for (const { name, listener } of [...waiting]) if (name === lease) listener();
    },
  });
  return {
    log,
    store: createRedisStore(client, keys),
    lease: (name) => createRedisLease({ client, keys, onFree }, name, isolate),
    health: client.health,
  };
}
