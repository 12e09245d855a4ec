/**
 * A local Redis mode: a redis-server and the stand-in for Upstash before it.
 *
 * Run: `deno task redis`, or with the port to listen on as an argument.
 *
 * @module
 */
import { print } from "../support/print.ts";
import { startRedisServer } from "./redis_server.ts";
import { redisHint } from "../support/programs.ts";
import { startStandIn } from "./stand_in.ts";

const DEFAULT_PORT = "8079";

/** Resolves at the signal to end. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    Deno.addSignalListener("SIGINT", () => resolve());
    Deno.addSignalListener("SIGTERM", () => resolve());
  });
}

async function serve(port: number): Promise<void> {
  const ended = untilSignal();
  await using redis = await startRedisServer();
  await using standIn = await startStandIn(redis, { port });
  print("Upstash's protocol over a redis-server. Its data is lost when this ends: Ctrl-C.");
  print("In the shell that starts the server:\n");
  print(`export UPSTASH_REDIS_REST_URL=${standIn.url}`);
  print(`export UPSTASH_REDIS_REST_TOKEN=${standIn.token}`);
  await ended;
}

async function main([port = DEFAULT_PORT]: readonly string[]): Promise<number> {
  const hint = redisHint();
  if (hint !== undefined) {
    print(hint);
    return 1;
  }
  try {
    await serve(Number(port));
    return 0;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    print("Another port is taken as an argument: deno task redis 9000");
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
