/**
 * A stand-in for one test.
 *
 * @module
 */
import { Redis, type RedisConfigNodejs } from "@upstash/redis";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { type RedisOptions, type RedisServer, startRedisServer } from "./redis_server.ts";
import { type StandIn, startStandIn } from "./stand_in.ts";

/** A redis-server, a stand-in before it, and the real SDK. */
export interface Bench extends AsyncDisposable {
  readonly server: RedisServer;
  readonly standIn: StandIn;
  readonly sdk: Redis;
}

/** Starts all three. The SDK sends every command once, and by itself. */
export async function startBench(options?: RedisOptions): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startRedisServer(options));
  const standIn = stack.use(await startStandIn(server));
  const sdk = sdkFor(standIn);
  const owned = stack.move();
  return { server, standIn, sdk, [Symbol.asyncDispose]: () => owned.disposeAsync() };
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

/** Returns the next message of a subscription, or null at its end. */
export async function nextOf(stream: StreamClient): Promise<string | null> {
  return (await stream.next())?.data ?? null;
}

/** Subscribes without the SDK: `/subscribe/…` or `/psubscribe/…`. The subscription is confirmed when this resolves. */
export async function subscribe(standIn: StandIn, path: string): Promise<StreamClient> {
  const stream = await openStream(Number(new URL(standIn.url).port), path, {
    method: "POST",
    headers: { authorization: `Bearer ${standIn.token}`, "upstash-encoding": "base64" },
  });
  const first = await nextOf(stream);
  if (first === null || !/^p?subscribe,/.test(first)) {
    stream.hangUp();
    throw new Error(`Cannot subscribe to ${path}: the first message is ${first}`);
  }
  return stream;
}
