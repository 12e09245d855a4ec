/**
 * Real servers that share a real Redis.
 *
 * @module
 */
import { type RedisServer, startRedisServer } from "../upstash/redis_server.ts";
import { type StandIn, startStandIn } from "../upstash/stand_in.ts";
import { PUBLISHER_SETTINGS } from "./publisher.ts";
import { type ServerProcess, type Settings, startServer } from "./server_process.ts";

/** A Redis that persists every write, and the settings of servers that share it. */
export interface SharedRedis extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly standIn: StandIn;
  readonly settings: Settings;
  /** Starts one more stand-in in front of the same Redis: its faults hit only the servers that use it. */
  startStandIn(): Promise<StandIn>;
}

/** Two servers that share a Redis. */
export interface Fleet extends SharedRedis {
  readonly one: ServerProcess;
  readonly other: ServerProcess;
}

/** The settings of a server that reaches Redis through a stand-in. */
export function settingsFor({ url, token }: StandIn, overrides: Settings = {}): Settings {
  return {
    ...PUBLISHER_SETTINGS,
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
    ...overrides,
  };
}

/** Starts a Redis and a stand-in, without servers. */
export async function startShared(overrides: Settings = {}): Promise<SharedRedis> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedisServer({ appendOnly: true }));
  const standIn = stack.use(await startStandIn(redis));
  const owned = stack.move();
  return {
    redis,
    standIn,
    settings: settingsFor(standIn, overrides),
    startStandIn: async () => owned.use(await startStandIn(redis)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a Redis and two servers. */
export async function startFleet(overrides: Settings = {}): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const shared = stack.use(await startShared(overrides));
  const one = stack.use(await startServer(shared.settings));
  const other = stack.use(await startServer(shared.settings));
  const owned = stack.move();
  return { ...shared, one, other, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
