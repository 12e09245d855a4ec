import { assertEquals, assertRejects } from "@std/assert";
import { StoreAway } from "../../lib/store/away.ts";
import { createRedisClient } from "../../lib/store/redis_client.ts";
import { PATIENCE_MS, within } from "../support/within.ts";
import { createFastClock } from "./redis_support.ts";

Deno.test("createRedisClient() lets go of a call that is late", async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ signal }) =>
      new Promise<Response>((answer) =>
        signal.addEventListener("abort", () => {
          resolve();
          answer(new Response());
        })
      ),
  );
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const client = createRedisClient({
    clock: createFastClock(),
    fetch,
    log: { debug: write, info: write, warn: write, error: write },
  }, { url: `http://127.0.0.1:${server.addr.port}/`, token: "t" });
  await assertRejects(() => client.command((redis) => redis.ping()), StoreAway);
  await within(PATIENCE_MS, "the end of the request", gone);
  assertEquals([client.health.isUp, lines.length], [false, 1]);
  await server.shutdown();
});
