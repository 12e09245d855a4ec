/**
 * Counts of commands: at the REST interface, and in Redis.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { redisTest } from "../support/programs.ts";
import { startBench, subscribe } from "./support.ts";

redisTest(
  "stats() counts the billed commands of requests: each command of a pipeline, and no refused one",
  async () => {
    await using bench = await startBench();
    const { standIn, sdk } = bench;
    await sdk.set("a", 1);
    await standIn.resetCommands();
    await sdk.pipeline().get("a").get("b").xadd("log", "*", { a: 1 }).exec();
    await sdk.multi().incr("a").exec();
    await sdk.eval("return redis.call('GET', KEYS[1])", ["a"], []);
    using _stream = await subscribe(standIn, "/subscribe/a");
    await assertRejects(() => sdk.exec(["CONFIG", "GET", "dir"]), Error, "not available");
    await standIn.run("PING");
    const byName = { GET: 2, XADD: 1, INCR: 1, EVAL: 1, SUBSCRIBE: 1 };
    assertEquals(standIn.stats().commands, { total: 6, byName });
    assertEquals(standIn.stats().requests, 6);
  },
);

redisTest(
  "commandsAtRedis() counts the commands inside scripts, and none of the stand-in's own",
  async () => {
    await using bench = await startBench();
    const { standIn, sdk } = bench;
    await standIn.resetCommands();
    assertEquals(await standIn.commandsAtRedis(), { total: 0, byName: {} });
    const script = sdk.createScript<number>(
      "redis.call('PEXPIRE', KEYS[1], 1000) return redis.call('INCR', KEYS[1])",
    );
    await script.exec(["n"], []);
    await script.exec(["n"], []);
    await sdk.multi().incr("n").exec();
    const byName = { EVALSHA: 2, EVAL: 1, PEXPIRE: 2, INCR: 3, MULTI: 1, EXEC: 1 };
    const counts = await standIn.commandsAtRedis();
    assertEquals(counts, { total: 10, byName });
    await standIn.resetCommands();
    assertEquals((await standIn.commandsAtRedis()).total, 0);
  },
);
