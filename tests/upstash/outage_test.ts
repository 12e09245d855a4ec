/**
 * A stand-in whose redis-server dies, comes back, and stands still.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { redisTest } from "../support/programs.ts";
import { nextOf, startBench, subscribe } from "./support.ts";

redisTest(
  "a killed redis-server fails commands, ends subscriptions, and is reconnected after its restart",
  async () => {
    await using bench = await startBench({ appendOnly: true });
    const { server, standIn, sdk } = bench;
    await sdk.set("a", "saved");
    using stream = await subscribe(standIn, "/subscribe/a");
    await server.kill();
    assertEquals([await nextOf(stream), stream.isWhole], [null, true]);
    await assertRejects(() => sdk.get("a"), Error, "Cannot ask Redis");
    const refused = await fetch(`${standIn.url}/subscribe/a?_token=${standIn.token}`);
    assertEquals([refused.status, await refused.json()], [503, {
      error: "ERR stand-in: Cannot ask Redis: no server listens there",
    }]);
    await server.restart();
    assertEquals(await sdk.get("a"), "saved");
    using again = await subscribe(standIn, "/subscribe/a");
    await sdk.publish("a", 1);
    assertEquals(await nextOf(again), "message,a,1");
    assertEquals(await standIn.commandsAtRedis(), {
      total: 3,
      byName: { GET: 1, SUBSCRIBE: 1, PUBLISH: 1 },
    });
  },
);

redisTest("a redis-server without appendOnly loses its data when it is killed", async () => {
  await using bench = await startBench();
  await bench.sdk.set("a", 1);
  await bench.server.restart();
  assertEquals(await bench.sdk.get("a"), null);
});

redisTest("a command is lost that a killed redis-server did not answer", async () => {
  await using bench = await startBench();
  bench.server.pause();
  const lost = assertRejects(() => bench.sdk.get("a"), Error, "Cannot ask Redis");
  await bench.server.kill();
  await lost;
});

redisTest("a paused redis-server answers everything once it is resumed", async () => {
  await using bench = await startBench();
  const { server, standIn, sdk } = bench;
  using stream = await subscribe(standIn, "/subscribe/a");
  server.pause();
  const impatient = fetch(`${standIn.url}/incr/n?_token=${standIn.token}`, {
    signal: AbortSignal.timeout(100),
  });
  await assertRejects(() => impatient, DOMException, "timeout");
  const patient = sdk.incr("n");
  server.resume();
  assertEquals(await patient, 2);
  await sdk.publish("a", 1);
  assertEquals(await nextOf(stream), "message,a,1");
});

redisTest("a full redis-server refuses writes and answers reads", async () => {
  await using bench = await startBench({ maxMemory: "1mb" });
  const write = async () => {
    for (let each = 0; each < 100; each++) await bench.sdk.set(`key${each}`, "x".repeat(100_000));
  };
  await assertRejects(write, Error, "OOM command not allowed");
  assertEquals(await bench.sdk.get("a"), null);
});
