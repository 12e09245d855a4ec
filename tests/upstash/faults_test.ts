/**
 * Faults take effect, are counted, and can be taken back.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { until } from "../support/within.ts";
import { redisTest } from "../support/programs.ts";
import { nextOf, sdkFor, startBench, subscribe } from "./support.ts";

redisTest("endSubscriptions() ends streams as the service would", async () => {
  await using bench = await startBench();
  using stream = await subscribe(bench.standIn, "/subscribe/a");
  using another = await subscribe(bench.standIn, "/subscribe/b");
  assertEquals(bench.standIn.faults.endSubscriptions(), 2);
  assertEquals([await nextOf(stream), stream.isWhole], [null, true]);
  assertEquals([await nextOf(another), another.isWhole], [null, true]);
  assertEquals(bench.standIn.faults.endSubscriptions(), 0);
  const { ended, subscriptions } = bench.standIn.stats();
  assertEquals({ ended, subscriptions }, { ended: 2, subscriptions: 0 });
  await until("Redis to forget", async () => await bench.sdk.publish("a", 1) === 0 || undefined);
});

redisTest("breakSubscriptions() cuts streams in the middle", async () => {
  await using bench = await startBench();
  using stream = await subscribe(bench.standIn, "/subscribe/a");
  assertEquals(bench.standIn.faults.breakSubscriptions(), 1);
  assertEquals([await nextOf(stream), stream.isWhole], [null, false]);
  assertEquals(bench.standIn.stats().broken, 1);
});

redisTest("muteSubscriptions() keeps streams open and loses their messages", async () => {
  await using bench = await startBench();
  const { standIn, sdk } = bench;
  using stream = await subscribe(standIn, "/subscribe/a");
  standIn.faults.muteSubscriptions(true);
  assertEquals(await sdk.publish("a", "lost"), 1);
  await until("the lost message", () => standIn.stats().mutedMessages === 1 || undefined);
  standIn.faults.muteSubscriptions(false);
  await sdk.publish("a", "news");
  assertEquals(await nextOf(stream), "message,a,news");
});

redisTest("loseReplies() executes matching commands and cuts their answer", async () => {
  await using bench = await startBench();
  const { standIn, sdk } = bench;
  standIn.faults.loseReplies(1, { commands: ["xadd", "EVALSHA"] });
  assertEquals(await sdk.incr("other"), 1);
  await assertRejects(() => sdk.xadd("log", "1-1", { a: 1 }));
  assertEquals([await sdk.xlen("log"), await sdk.incr("other")], [1, 2]);
  assertEquals(standIn.stats().lostReplies, 1);
});

redisTest("loseReplies() loses a matching pipeline as a whole", async () => {
  await using bench = await startBench();
  bench.standIn.faults.loseReplies(1, { commands: ["XADD"] });
  const pipeline = bench.sdk.pipeline().incr("n").xadd("log", "1-1", { a: 1 });
  await assertRejects(() => pipeline.exec());
  assertEquals([await bench.sdk.get("n"), await bench.sdk.xlen("log")], [1, 1]);
});

redisTest(
  "loseReplies() at the head executes a command twice, because fetch repeats it",
  async () => {
    await using bench = await startBench();
    const { standIn, sdk } = bench;
    await sdk.get("a"); // From here on there is a connection to take up again.
    standIn.faults.loseReplies(1, { at: "head" });
    assertEquals(await sdk.incr("n"), 2);
    standIn.faults.loseReplies(1, { at: "body" });
    await assertRejects(() => sdkFor(standIn, { retry: { retries: 3 } }).incr("m"));
    assertEquals(await sdk.get("m"), 1);
    assertEquals(standIn.stats().lostReplies, 2);
  },
);

redisTest("delay() delays every command until it is set to 0", async () => {
  await using bench = await startBench();
  const { standIn, sdk } = bench;
  standIn.faults.delay(60);
  const begun = performance.now();
  await sdk.set("a", 1);
  assert(performance.now() - begun >= 59);
  assertEquals(standIn.stats().delayed, 1);
  standIn.faults.delay(0);
  await sdk.get("a");
  assertEquals(standIn.stats().delayed, 1);
});

redisTest("delay() does not delay the end of a stand-in", async () => {
  const bench = await startBench();
  bench.standIn.faults.delay(600_000);
  const late = assertRejects(() => bench.sdk.get("a"));
  await until("the request", () => bench.standIn.stats().delayed === 1 || undefined);
  await bench[Symbol.asyncDispose]();
  await late;
});

redisTest("refuse() executes nothing, and counts", async () => {
  await using bench = await startBench();
  const { standIn, sdk } = bench;
  const set = () => sdk.set("a", 1);
  standIn.faults.refuse("html");
  await assertRejects(set, Error, "<html>");
  standIn.faults.refuse("quota");
  await assertRejects(set, Error, "ERR max requests limit exceeded");
  standIn.faults.refuse("close");
  await assertRejects(set, TypeError);
  await assertRejects(() => subscribe(standIn, "/subscribe/a"));
  standIn.faults.refuse(null);
  assertEquals(await sdk.exists("a"), 0);
  assert(standIn.stats().refused >= 4);
});

redisTest("POST /_faults sets faults for other processes", async () => {
  await using bench = await startBench();
  const { standIn, sdk } = bench;
  const order = async (body: unknown) => {
    const headers = { authorization: `Bearer ${standIn.token}` };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${standIn.url}/_faults`, init);
    return { status: response.status, body: await response.json() };
  };
  using stream = await subscribe(standIn, "/subscribe/a");
  await order({ muteSubscriptions: true, refuse: "quota" });
  await assertRejects(() => sdk.get("a"), Error, "max requests");
  const { body } = await order({
    breakSubscriptions: true,
    refuse: null,
    muteSubscriptions: false,
  });
  assertEquals([body.broken, body.refused, body.subscriptions], [1, 1, 0]);
  assertEquals(await nextOf(stream), null);
  await order({ loseReplies: { count: 1, commands: ["GET"] } });
  await assertRejects(() => sdk.get("a"));
  assertEquals((await order({ drop: 1, refuse: "html" })).status, 400);
  assertEquals(await sdk.get("a"), null);
});
