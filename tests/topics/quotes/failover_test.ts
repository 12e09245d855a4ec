/** Fail-over, recovery and reference sources. */
import { assertEquals } from "@std/assert";
import type { UpstreamHealth } from "../../../lib/upstream/upstream.ts";
import {
  createPollerUnderTest,
  FAILING,
  FIRST_PRICES,
  HEALTHY,
  INTERVAL_MS,
  type PollerUnderTest,
  REFERENCE_MS,
  SECOND_INTERVAL_MS,
  summarize,
  TIMEOUT,
} from "./fake_providers.ts";

const SECOND_PRICES = { "BTC-USD": "100.50", "ETH-USD": "10.05" };

function openBreaker({ clock }: PollerUnderTest): UpstreamHealth {
  return { breaker: "open", nextTryAt: clock.now() + 60_000, failure: TIMEOUT };
}

/** Advances the clock, and summarizes the events that are published during this time. */
async function advance(test: PollerUnderTest, ms: number): Promise<string[]> {
  const before = test.batches.length;
  await test.clock.advance(ms);
  return test.batches.slice(before).flatMap(summarize);
}

Deno.test("the next candidate takes over immediately if the preferred provider fails from the start", async () => {
  const test = createPollerUnderTest();
  test.first.prices = { ...FAILING };
  test.second.prices = { ...SECOND_PRICES };
  const stop = test.poller.start();
  assertEquals(await advance(test, 0), [
    "BTC-USD 100.50 of second",
    "ETH-USD 10.05 of second",
    `first down: ${TIMEOUT.message}`,
    "second live",
  ]);
  stop();
});

Deno.test("a provider that fails keeps its symbols while its circuit breaker is closed and its quotes are fresh", async () => {
  const test = createPollerUnderTest();
  test.random = 0; // the second poll comes before two intervals are over
  test.second.prices = { ...SECOND_PRICES };
  const stop = test.poller.start();
  await advance(test, 0);
  test.first.prices = { ...FAILING };
  assertEquals(await advance(test, 0.8 * INTERVAL_MS), [`first live: ${TIMEOUT.message}`]);
  assertEquals(test.second.calledAt.length, 0);
  stop();
});

Deno.test("the next candidate takes over once no fresh quote is cached, although the circuit breaker is closed", async () => {
  const test = createPollerUnderTest();
  test.second.prices = { ...SECOND_PRICES };
  const stop = test.poller.start();
  await advance(test, 0);
  test.first.prices = { ...FIRST_PRICES, "BTC-USD": TIMEOUT };
  await advance(test, INTERVAL_MS);
  const lines = await advance(test, INTERVAL_MS);
  // Only the symbol that failed is switched.
  assertEquals(lines.filter((line) => line.endsWith("second")), ["BTC-USD 100.50 of second"]);
  assertEquals(lines.filter((line) => line.startsWith("ETH-USD")), []);
  stop();
});

Deno.test("the next candidate takes over once the circuit breaker is open, until the preferred one has three good responses", async () => {
  const test = createPollerUnderTest();
  test.random = 0;
  const { first, second, poller } = test;
  second.prices = { ...SECOND_PRICES };
  const stop = poller.start();
  await advance(test, 0);
  first.prices = { ...FAILING };
  first.health = openBreaker(test);
  assertEquals(await advance(test, 0.8 * INTERVAL_MS), [
    `first down: ${TIMEOUT.message}`,
    "BTC-USD 100.50 of second",
    "ETH-USD 10.05 of second",
    "second live",
  ]);
  first.prices = { ...FIRST_PRICES };
  first.health = HEALTHY;
  assertEquals(
    (await advance(test, 0.8 * INTERVAL_MS)).at(-1),
    "first live: On standby while SECOND serves",
  );
  assertEquals(await advance(test, 0.8 * INTERVAL_MS), []);
  assertEquals(await advance(test, 0.8 * INTERVAL_MS), [
    "BTC-USD 100.00 of first",
    "ETH-USD 10.00 of first",
    "first live",
    "second live: On standby while FIRST serves",
  ]);
  stop();
});

Deno.test("a source that repeats its market time is replaced, and recovers only once it has news", async () => {
  const test = createPollerUnderTest();
  const { first, second, clock, poller } = test;
  second.prices = { ...SECOND_PRICES };
  first.asOf = new Date(clock.now()).toISOString();
  const stop = poller.start();
  const sourceOf = (line: string) => line.split(" ").at(-1);
  const prices = async (ms: number) =>
    (await advance(test, ms)).filter((line) => line.includes(" of "));
  await prices(0);
  const pricesAfterSilence = await prices(4 * INTERVAL_MS);
  assertEquals(
    new Set(pricesAfterSilence.filter((line) => !line.includes("stale")).map(sourceOf)),
    new Set(["second"]),
  );
  second.prices = { "BTC-USD": "100.60", "ETH-USD": "10.06" };
  const pricesOnStandby = await prices(10 * INTERVAL_MS);
  assertEquals(new Set(pricesOnStandby.map(sourceOf)), new Set(["second"]));

  first.asOf = null;
  assertEquals((await prices(4 * INTERVAL_MS)).map(sourceOf), ["first", "first"]);
  stop();
});

Deno.test("a quarantined price does not switch the source of its symbol", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  const stop = poller.start();
  await advance(test, 0);
  first.prices = { ...FAILING };
  first.health = openBreaker(test);
  second.prices = { "BTC-USD": "150.00", "ETH-USD": "10.05" };
  const lines = await advance(test, INTERVAL_MS);
  assertEquals(lines.filter((line) => line.includes("of second")), ["ETH-USD 10.05 of second"]);
  // The first provider still serves this symbol.
  first.prices = { ...FIRST_PRICES, "BTC-USD": "101.00" };
  first.health = HEALTHY;
  const recoveredLines = await advance(test, INTERVAL_MS);
  assertEquals(recoveredLines.filter((line) => line.endsWith("of first")), [
    "BTC-USD 101.00 of first",
  ]);
  stop();
});

Deno.test("a failure during a recovery starts the recovery again", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  first.prices = { ...FAILING };
  second.prices = { ...SECOND_PRICES };
  const stop = poller.start();
  await advance(test, 0);
  const serving: string[] = [];
  for (
    const prices of [FIRST_PRICES, FIRST_PRICES, FAILING, FIRST_PRICES, FIRST_PRICES, FIRST_PRICES]
  ) {
    first.prices = { ...prices };
    const lines = await advance(test, INTERVAL_MS);
    serving.push(lines.some((line) => line.endsWith("of first")) ? "first" : "second");
  }
  assertEquals(serving, ["second", "second", "second", "second", "second", "first"]);
  stop();
});

Deno.test("a preferred provider that hangs does not delay the others", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  first.prices = { ...FAILING };
  second.prices = { ...SECOND_PRICES };
  const stop = poller.start();
  await advance(test, 0);
  first.prices = {}; // the call never ends
  for (const price of ["100.51", "100.52", "100.53"]) {
    second.prices["BTC-USD"] = price;
    assertEquals(await advance(test, SECOND_INTERVAL_MS), [`BTC-USD ${price} of second`]);
  }
  // No second call starts while one is under way.
  assertEquals(first.calledAt.length, 2);
  stop();
});

Deno.test("a change is never computed across two sources, and quotes stay if all sources fail", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller, clock } = test;
  second.prices = { ...FAILING };
  const stop = poller.start();
  await advance(test, 0);
  first.prices = { ...FAILING };
  first.health = openBreaker(test);
  second.health = openBreaker(test);
  await advance(test, 10 * INTERVAL_MS);
  const quotes = test.batches.flat().filter(({ key }) => key === "BTC-USD");
  const { price, change, source, is_stale } = Object(quotes.at(-1)?.data);
  assertEquals([price, change, source, is_stale], ["100.00", undefined, "first", true]);
  stop();
  assertEquals(clock.timers, 0);
});

Deno.test("a reference source is called at its own interval, at most every 25 s, and a divergence is reported until prices agree", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  second.prices = { ...SECOND_PRICES, "BTC-USD": "102.30" };
  const stop = poller.start();
  const beforeReference = await advance(test, REFERENCE_MS - 1);
  assertEquals(beforeReference.some((line) => line.includes("second")), false);
  assertEquals(await advance(test, 1), [
    "first live: FIRST and SECOND differ by 2.3 % on BTC-USD",
    "second live: On standby while FIRST serves",
  ]);
  assertEquals(second.calledAt.length, 1);
  second.prices["BTC-USD"] = "100.40";
  assertEquals(await advance(test, REFERENCE_MS), ["first live"]);
  assertEquals([second.calledAt.length, first.calledAt.length], [2, 17]);
  // The prices are not averaged, and the source is not switched.
  const prices = test.batches.flat().filter(({ key }) => key === "BTC-USD");
  assertEquals(prices.map(({ data }) => Object(data).price), ["100.00"]);
  stop();
});

Deno.test("a switch of a symbol's source drops its divergence", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  second.prices = { ...SECOND_PRICES, "BTC-USD": "110.00" };
  const stop = poller.start();
  await advance(test, REFERENCE_MS);
  first.prices = { ...FAILING };
  first.health = openBreaker(test);
  const lines = await advance(test, INTERVAL_MS);
  assertEquals(lines.filter((line) => !line.includes(" of ")), [
    `first down: ${TIMEOUT.message}`,
    "second live",
  ]);
  stop();
});

Deno.test("a standby that fails is stale after two intervals of silence", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  second.prices = { ...SECOND_PRICES };
  const stop = poller.start();
  await advance(test, REFERENCE_MS);
  second.prices = { ...FAILING };
  const lines = await advance(test, 60_000);
  assertEquals(lines, [
    `second stale: ${TIMEOUT.message}; On standby while FIRST serves`,
  ]);
  assertEquals(first.calledAt.length > 15, true);
  stop();
});

Deno.test("a status states the failure of a symbol as long as the symbol fails", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  second.prices = { ...SECOND_PRICES };
  first.prices = { ...FIRST_PRICES, "BTC-USD": TIMEOUT };
  const stop = poller.start();
  assertEquals((await advance(test, 0)).filter((line) => line.startsWith("first")), [
    `first live: BTC-USD: ${TIMEOUT.message}; SECOND serves BTC-USD`,
  ]);
  assertEquals(await advance(test, 4 * INTERVAL_MS), []);
  stop();
});

Deno.test("a symbol whose call hangs delays neither the other symbols nor the next poll", async () => {
  const test = createPollerUnderTest();
  const { first, poller, clock } = test;
  const stop = poller.start();
  await advance(test, 0);
  first.prices = { "BTC-USD": "100.10" }; // the call for ETH-USD never ends
  const startedAt = clock.now();
  for (let n = 1; n <= 4; n++) {
    first.prices["BTC-USD"] = `100.${n}0`;
    await clock.advance(startedAt + n * INTERVAL_MS + 500 - clock.now());
    const prices = test.batches.flat().filter(({ key }) => key === "BTC-USD");
    assertEquals(Object(prices.at(-1)?.data).price, `100.${n}0`);
  }
  assertEquals(first.calledAt.length, 5);
  stop();
  assertEquals(clock.timers, 0);
});

Deno.test("a symbol whose check hangs does not delay the return of the others to the preferred provider", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller } = test;
  second.prices = { ...SECOND_PRICES };
  first.prices = { ...FAILING };
  const stop = poller.start();
  await advance(test, 0);
  first.prices = { "BTC-USD": "100.00" };
  const lines = await advance(test, 5 * INTERVAL_MS);
  assertEquals(lines.filter((line) => line.includes(" of ")), ["BTC-USD 100.00 of first"]);
  stop();
});

Deno.test("a status names the symbols of each failure, and at most five of them", async () => {
  const test = createPollerUnderTest();
  const { first, poller } = test;
  first.prices = { ...FIRST_PRICES, "BTC-USD": TIMEOUT };
  const stop = poller.start();
  assertEquals((await advance(test, INTERVAL_MS)).filter((line) => line.startsWith("first")), [
    `first live: BTC-USD: ${TIMEOUT.message}`,
  ]);
  first.prices = { ...FAILING };
  assertEquals(await advance(test, INTERVAL_MS), [`first live: ${TIMEOUT.message}`]);
  stop();
});

Deno.test("a status says that another provider serves a symbol whose price does not move on", async () => {
  const test = createPollerUnderTest();
  const { first, second, clock, poller } = test;
  const haltedAt = new Date(clock.now() - 40 * 60_000).toISOString();
  let calls = 0;
  // The provider is read for BTC-USD and ETH-USD in turn.
  first.asOf = () => calls++ % 2 === 0 ? haltedAt : new Date(clock.now()).toISOString();
  second.prices = { ...SECOND_PRICES };
  const stop = poller.start();
  const lines = await advance(test, 0);
  assertEquals(lines.filter((line) => /^(?:BTC|first)/.test(line)), [
    "BTC-USD 100.50 of second",
    "first live: BTC-USD: no new price for twice the poll interval; SECOND serves BTC-USD",
  ]);
  stop();
});

Deno.test("a provider is not on standby for one that does not serve either", async () => {
  const test = createPollerUnderTest();
  const { first, second, poller, clock } = test;
  first.prices = { ...FAILING };
  first.health = openBreaker(test);
  second.prices = { ...SECOND_PRICES };
  second.asOf = new Date(clock.now() - 3 * 3_600_000).toISOString();
  const stop = poller.start();
  assertEquals(await advance(test, 0), [
    "BTC-USD 100.50 of second, stale",
    "ETH-USD 10.05 of second, stale",
    `first down: ${TIMEOUT.message}`,
    "second stale: No new price for twice the poll interval",
  ]);
  // The preferred provider still serves the symbols once it answers.
  first.prices = { ...FIRST_PRICES };
  first.health = HEALTHY;
  const lines = await advance(test, INTERVAL_MS);
  assertEquals(lines.filter((line) => line.includes(" of ")), [
    "BTC-USD 100.00 of first",
    "ETH-USD 10.00 of first",
  ]);
  stop();
});

Deno.test("a market time in the future is dropped, and a status says so", async () => {
  const test = createPollerUnderTest();
  test.first.asOf = "2030-01-01T00:00:00.000Z";
  const stop = test.poller.start();
  assertEquals(await advance(test, 0), [
    "BTC-USD 100.00 of first",
    "ETH-USD 10.00 of first",
    "first live: FIRST states a future time for BTC-USD; FIRST states a future time for ETH-USD",
  ]);
  const quotes = test.batches.flat().filter(({ type }) => type === "quote");
  assertEquals(quotes.map(({ data }) => Object(data).as_of ?? null), [null, null]);
  stop();
});
