import { assertEquals, assertRejects } from "@std/assert";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import { createRedisClient } from "../../../lib/store/redis/client.ts";
import { PATIENCE_MS, within } from "../../support/within.ts";
import { createFastClock } from "./support.ts";

Deno.test("createRedisClient() aborts a call that exceeds its timeout", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  async function readAll(): Promise<void> {
    using connection = await listener.accept();
    const bytes = new Uint8Array(4096);
    while (await connection.read(bytes) !== null);
  }
  const ended = readAll();
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const client = createRedisClient({
    clock: createFastClock(),
    fetch,
    log: { debug: write, info: write, warn: write, error: write },
  }, { url: `http://127.0.0.1:${listener.addr.port}/`, token: "t" });
  await assertRejects(() => client.command((redis) => redis.ping()), StoreUnavailable);
  await within(PATIENCE_MS, "the end of the request", ended);
  assertEquals([client.health.isUp, lines.length], [false, 1]);
});
