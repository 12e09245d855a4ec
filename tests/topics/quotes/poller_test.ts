/** The times at which a poller polls, and the published events. */
import { assertEquals } from "@std/assert";
import {
  createPollerUnderTest,
  INTERVAL_MS,
  summarize,
  TIMEOUT,
  TTL_MS,
} from "./fake_providers.ts";

Deno.test("a poller publishes the ticks, days and statuses of a poll in one batch", async () => {
  const { clock, poller, batches } = createPollerUnderTest();
  const stop = poller.start();
  await clock.advance(0);
  stop();
  assertEquals(batches.map(summarize), [
    ["BTC-USD 100.00 of first", "ETH-USD 10.00 of first", "first live"],
  ]);
  const [tick, , day, , status] = batches[0] ?? [];
  assertEquals([tick?.key, tick?.tags], ["BTC-USD", ["BTC-USD"]]);
  assertEquals([day?.key, day?.tags], ["day:BTC-USD", ["BTC-USD"]]);
  assertEquals([status?.key, status?.tags], ["status:first", ["BTC-USD", "ETH-USD"]]);
  assertEquals(tick?.data, {
    symbol: "BTC-USD",
    price: "100.00",
    received_at: new Date(clock.now()).toISOString(),
    source: "first",
  });
  assertEquals(day?.data, {
    symbol: "BTC-USD",
    basis: "none",
    prev_close: null,
    open: null,
    high: null,
    low: null,
    volume: null,
    next_open: null,
  });
});

Deno.test("a poller publishes only what changed", async () => {
  const { clock, poller, first, batches } = createPollerUnderTest();
  const stop = poller.start();
  await clock.advance(INTERVAL_MS);
  assertEquals([first.calledAt.length, batches.length], [2, 1]);
  first.prices["ETH-USD"] = "10.10";
  await clock.advance(INTERVAL_MS);
  stop();
  assertEquals(batches.slice(1).map(summarize), [["ETH-USD 10.10 of first"]]);
});

Deno.test("a poller never overlaps itself, and refresh() joins a poll under way", async () => {
  const test = createPollerUnderTest();
  const { clock, poller, first } = test;
  const published = Promise.withResolvers<void>();
  test.publish = () => published.promise;
  const stop = poller.start();
  await clock.advance(60_000);
  let isRefreshed = false;
  const refreshed = poller.refresh().then(() => isRefreshed = true);
  await clock.advance(0);
  assertEquals([first.calledAt.length, isRefreshed], [1, false]);
  published.resolve();
  await refreshed;
  await clock.advance(INTERVAL_MS);
  stop();
  assertEquals(first.calledAt.length, 2);
});

Deno.test("a poller jitters its interval by up to 20 %", async () => {
  for (
    const [random, expected] of [[0, 0.8 * INTERVAL_MS], [0.5, INTERVAL_MS], [
      1,
      1.2 * INTERVAL_MS,
    ]] as const
  ) {
    const test = createPollerUnderTest();
    test.random = random;
    const stop = test.poller.start();
    await test.clock.advance(1.2 * INTERVAL_MS);
    stop();
    const [firstPollAt = NaN, secondPollAt = NaN] = test.first.calledAt;
    assertEquals(secondPollAt - firstPollAt, expected);
  }
});

Deno.test("a stopped poller leaves no timer, and a poll under way publishes its quotes", async () => {
  const test = createPollerUnderTest();
  const { clock, poller, first, batches, publish } = test;
  const stop = poller.start();
  await clock.advance(0);
  first.prices["BTC-USD"] = "100.10";
  const published = Promise.withResolvers<void>();
  test.publish = async (events) => {
    await published.promise;
    await publish(events);
  };
  await clock.advance(INTERVAL_MS);
  stop();
  stop();
  published.resolve();
  await clock.advance(10 * INTERVAL_MS);
  assertEquals(batches.slice(1).map(summarize), [["BTC-USD 100.10 of first"]]);
  assertEquals([first.calledAt.length, clock.timers], [2, 0]);
});

Deno.test("a poller publishes the same changes again after a failed publication", async () => {
  const test = createPollerUnderTest();
  const { clock, poller, batches, logged, publish } = test;
  test.publish = () => Promise.reject(new Error("the log is unavailable"));
  const stop = poller.start();
  await clock.advance(0);
  test.publish = publish;
  await clock.advance(INTERVAL_MS);
  stop();
  assertEquals(batches.map((batch) => summarize(batch).length), [3]);
  assertEquals(logged.filter((line) => line === "Publishing quotes failed").length > 0, true);
});

Deno.test("refresh() polls only after the TTL since the last poll", async () => {
  const { clock, poller, first } = createPollerUnderTest();
  await poller.refresh();
  await clock.advance(TTL_MS - 1);
  await poller.refresh();
  assertEquals(first.calledAt.length, 1);
  await clock.advance(1);
  await poller.refresh();
  assertEquals(first.calledAt.length, 2);
});

Deno.test("start() waits for the TTL since the last poll", async () => {
  const { clock, poller, first } = createPollerUnderTest();
  await poller.refresh();
  await clock.advance(1000);
  const stop = poller.start();
  await clock.advance(TTL_MS - 1001);
  assertEquals(first.calledAt.length, 1);
  await clock.advance(1);
  stop();
  assertEquals(first.calledAt.length, 2);
});

Deno.test("a poller publishes a jump once a second reading confirms it", async () => {
  const test = createPollerUnderTest();
  const { clock, poller, first, batches } = test;
  test.random = 0; // a quarantined reading leaves the quote fresh
  const stop = poller.start();
  await clock.advance(0);
  for (const price of ["150.00", "100.00", "150.00"]) {
    first.prices["BTC-USD"] = price;
    await clock.advance(0.8 * INTERVAL_MS);
  }
  assertEquals(batches.length, 1);
  first.prices["BTC-USD"] = "151.00";
  await clock.advance(0.8 * INTERVAL_MS);
  stop();
  assertEquals(summarize(batches.at(-1)), ["BTC-USD 151.00 of first"]);
});

Deno.test("a poller continues after an internal error and publishes no details of the error", async () => {
  const { clock, poller, first, second, batches, logged } = createPollerUnderTest();
  first.prices = { "BTC-USD": new TypeError("secret"), "ETH-USD": "10.00" };
  second.prices = { "BTC-USD": "101.00" };
  const stop = poller.start();
  await clock.advance(0);
  assertEquals(
    summarize(batches[0])[2],
    "first live: BTC-USD: FIRST could not be read; SECOND serves BTC-USD",
  );
  assertEquals(logged.includes("Reading a provider failed"), true);
  Object.defineProperty(first, "health", {
    get() {
      throw new Error("broken");
    },
  });
  await clock.advance(INTERVAL_MS);
  assertEquals(logged.includes("A poll failed"), true);
  assertEquals(first.calledAt.length, 2);
  await clock.advance(INTERVAL_MS);
  stop();
  assertEquals(first.calledAt.length, 3);
});

Deno.test("a poller does not miss a change during a publication", async () => {
  const test = createPollerUnderTest();
  const { clock, poller, first, batches, publish } = test;
  test.random = 0; // polls come every 4 s
  const stop = poller.start();
  await clock.advance(0);
  first.prices["BTC-USD"] = TIMEOUT;
  await clock.advance(0.8 * INTERVAL_MS); // BTC-USD will be stale 4 s before ETH-USD is
  first.prices = {}; // the next poll never ends
  await clock.advance(0.8 * INTERVAL_MS);
  test.publish = async (events) => {
    await new Promise<void>((resolve) => void clock.after(2 * INTERVAL_MS, resolve));
    await publish(events);
  };
  const publishedBatches = batches.length;
  await clock.advance(6 * INTERVAL_MS);
  stop();
  assertEquals(batches.slice(publishedBatches).map(summarize), [
    ["BTC-USD 100.00 of first, stale"],
    ["ETH-USD 10.00 of first, stale", `first stale: BTC-USD: ${TIMEOUT.message}`],
  ]);
});

Deno.test("a poller never polls within the TTL, at any jitter", async () => {
  const test = createPollerUnderTest({ intervalMs: 1000, ttlMs: 1000 });
  const { clock, poller, first } = test;
  test.random = 0;
  const startedAt = clock.now();
  const stop = poller.start();
  await clock.advance(2500);
  stop();
  assertEquals(first.calledAt.map((at) => at - startedAt), [0, 1000, 2000]);
});

Deno.test("a poller that is started again during a poll runs one loop", async () => {
  const test = createPollerUnderTest();
  const { clock, poller, first, publish } = test;
  const published = Promise.withResolvers<void>();
  test.publish = async (events) => {
    await published.promise;
    await publish(events);
  };
  const stop = poller.start();
  await clock.advance(0);
  stop();
  const stopAgain = poller.start();
  await clock.advance(1000);
  published.resolve();
  await clock.advance(10 * INTERVAL_MS);
  stopAgain();
  assertEquals([first.calledAt.length, clock.timers], [11, 0]);
});
