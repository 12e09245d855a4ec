/**
 * A stand-in for one test.
 *
 * @module
 */
import { Redis, type RedisConfigNodejs } from "@upstash/redis";
import { type RedisOptions, type RedisServer, startRedisServer } from "./redis_server.ts";
import { type StandIn, startStandIn } from "./stand_in.ts";

/** A redis-server with a stand-in before it, and the real SDK. */
export interface Bench extends AsyncDisposable {
  readonly server: RedisServer;
  readonly standIn: StandIn;
  readonly sdk: Redis;
}

/** Starts all three. The SDK asks once, and every command by itself. */
export async function startBench(options?: RedisOptions): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startRedisServer(options));
  const standIn = stack.use(await startStandIn(server));
  const sdk = sdkFor(standIn);
  const kept = stack.move();
  return { server, standIn, sdk, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The real SDK for a stand-in. */
export function sdkFor(
  { url, token }: Pick<StandIn, "url" | "token">,
  options: Partial<RedisConfigNodejs> = {},
): Redis {
  return new Redis({
    url,
    token,
    enableTelemetry: false,
    enableAutoPipelining: false,
    retry: { retries: 0 },
    ...options,
  });
}
