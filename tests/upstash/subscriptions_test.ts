/**
 * The stand-in's subscriptions.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { PATIENCE_MS, until, within } from "../support/within.ts";
import { redisTest } from "../support/programs.ts";
import { nextOf, startBench, subscribe } from "./support.ts";

redisTest("POST /subscribe emits every published message, unencoded and in order", async () => {
  await using bench = await startBench();
  using stream = await subscribe(bench.standIn, "/subscribe/news");
  for (const each of ["a,b", { "žluť": "🐎" }, "c"]) await bench.sdk.publish("news", each);
  await bench.sdk.publish("other", "d");
  await bench.sdk.publish("news", "e");
  const messages = [];
  for (let each = 0; each < 4; each++) messages.push(await nextOf(stream));
  assertEquals(messages, ["a,b", '{"žluť":"🐎"}', "c", "e"].map((each) => `message,news,${each}`));
});

redisTest("POST /subscribe takes several channels", async () => {
  await using bench = await startBench();
  using stream = await subscribe(bench.standIn, "/subscribe/a/b%2Fc");
  assertEquals(await nextOf(stream), "subscribe,b/c,2");
  assertEquals(await bench.sdk.publish("b/c", "x"), 1);
  assertEquals(await nextOf(stream), "message,b/c,x");
});

redisTest("POST /psubscribe emits the messages of matching channels", async () => {
  await using bench = await startBench();
  using stream = await subscribe(bench.standIn, "/psubscribe/news.*");
  await bench.sdk.publish("sports.cz", "x");
  await bench.sdk.publish("news.cz", "y");
  assertEquals(await nextOf(stream), "pmessage,news.*,news.cz,y");
});

redisTest("the SDK's own subscribe() receives messages", async () => {
  await using bench = await startBench();
  const subscriber = bench.sdk.subscribe<{ a: number }>("news");
  const { promise: message, resolve } = Promise.withResolvers<unknown>();
  subscriber.on("message", (each) => resolve(each.message));
  await until("the subscriber", async () => await bench.sdk.publish("news", { a: 1 }) || undefined);
  assertEquals(await within(PATIENCE_MS, "the message", message), { a: 1 });
  await subscriber.unsubscribe();
});

redisTest("a subscriber that disconnects is removed, in Redis too", async () => {
  await using bench = await startBench();
  const stream = await subscribe(bench.standIn, "/subscribe/news");
  assertEquals(bench.standIn.stats().subscriptions, 1);
  stream.hangUp();
  await until("Redis to forget", async () => await bench.sdk.publish("news", 1) === 0 || undefined);
  assertEquals(bench.standIn.stats().subscriptions, 0);
});
