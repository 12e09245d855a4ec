/**
 * Real servers that share a real Redis.
 *
 * @module
 */
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { type ServerProcess, type Settings, startServer } from "../support/server_process.ts";
import { type RedisServer, startRedisServer } from "../upstash/redis_server.ts";
import { type StandIn, startStandIn } from "../upstash/stand_in.ts";

/** A Redis that keeps what it has answered, and the settings of servers that share it. */
export interface SharedRedis extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly standIn: StandIn;
  readonly settings: Settings;
}

/** Two servers that share a Redis. */
export interface Fleet extends SharedRedis {
  readonly one: ServerProcess;
  readonly other: ServerProcess;
}

/** Starts a Redis, and no server yet. */
export async function startShared(more: Settings = {}): Promise<SharedRedis> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedisServer({ appendOnly: true }));
  const standIn = stack.use(await startStandIn(redis));
  const kept = stack.move();
  return {
    redis,
    standIn,
    settings: {
      ...PUBLISHER_SETTINGS,
      UPSTASH_REDIS_REST_URL: standIn.url,
      UPSTASH_REDIS_REST_TOKEN: standIn.token,
      ...more,
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Starts a Redis and two servers. */
export async function startFleet(more: Settings = {}): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const shared = stack.use(await startShared(more));
  const one = stack.use(await startServer(shared.settings));
  const other = stack.use(await startServer(shared.settings));
  const kept = stack.move();
  return { ...shared, one, other, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
