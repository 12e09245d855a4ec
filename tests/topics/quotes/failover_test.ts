/** Who serves: fail-over, the way back, and witnesses. */
import { assertEquals } from "@std/assert";
import { UpstreamFailure } from "../../../lib/upstream/failure.ts";
import type { Health } from "../../../lib/upstream/upstream.ts";
import { type Bench, createBench, inShort, INTERVAL_MS } from "./fake_providers.ts";

const LATE = new UpstreamFailure("timeout", "FIRST did not answer within 3 s");
const FAILING = { "BTC-USD": LATE, "ETH-USD": LATE };
const HEALTHY: Health = { breaker: "closed", nextTryAt: null, failure: null };
const GOOD = { "BTC-USD": "100.00", "ETH-USD": "10.00" };
const OTHER = { "BTC-USD": "100.50", "ETH-USD": "10.05" };

function openBreaker({ clock }: Bench): Health {
  return { breaker: "open", nextTryAt: clock.now() + 60_000, failure: LATE };
}

/** What was published from one time on. */
async function told(bench: Bench, ms: number): Promise<string[]> {
  const before = bench.batches.length;
  await bench.clock.advance(ms);
  return bench.batches.slice(before).flatMap(inShort);
}

Deno.test("a first provider that is dead from the start is replaced at once", async () => {
  const bench = createBench();
  bench.first.answers = FAILING;
  bench.second.answers = OTHER;
  const stop = bench.poller.start();
  assertEquals(await told(bench, 0), [
    "BTC-USD 100.50 of second",
    "ETH-USD 10.05 of second",
    `first down: ${LATE.message}`,
    "second live",
  ]);
  stop();
});

Deno.test("a provider that fails is kept while its breaker is closed and its prices are fresh", async () => {
  const bench = createBench();
  bench.random = 0; // the second poll comes before two intervals are over
  bench.second.answers = OTHER;
  const stop = bench.poller.start();
  await told(bench, 0);
  bench.first.answers = FAILING;
  assertEquals(await told(bench, 0.8 * INTERVAL_MS), [`first live: ${LATE.message}`]);
  assertEquals(bench.second.askedAt.length, 0);
  stop();
});

Deno.test("the next one takes over once nothing fresh is known, breaker or not", async () => {
  const bench = createBench();
  bench.second.answers = OTHER;
  const stop = bench.poller.start();
  await told(bench, 0);
  bench.first.answers = { ...GOOD, "BTC-USD": LATE };
  await told(bench, INTERVAL_MS);
  const later = await told(bench, INTERVAL_MS);
  // Only for the symbol that failed: the other one is still the first's.
  assertEquals(later.filter((line) => line.endsWith("second")), ["BTC-USD 100.50 of second"]);
  assertEquals(later.filter((line) => line.startsWith("ETH-USD")), []);
  stop();
});

Deno.test("the next one takes over once the breaker is open, and gives back after three good answers", async () => {
  const bench = createBench();
  bench.random = 0;
  const { first, second, poller } = bench;
  second.answers = OTHER;
  const stop = poller.start();
  await told(bench, 0);
  first.answers = FAILING;
  first.health = openBreaker(bench);
  assertEquals(await told(bench, 0.8 * INTERVAL_MS), [
    `first down: ${LATE.message}`,
    "BTC-USD 100.50 of second",
    "ETH-USD 10.05 of second",
    "second live",
  ]);
  first.answers = GOOD;
  first.health = HEALTHY;
  assertEquals(
    (await told(bench, 0.8 * INTERVAL_MS)).at(-1),
    "first live: On standby while SECOND serves",
  );
  assertEquals(await told(bench, 0.8 * INTERVAL_MS), []);
  assertEquals(await told(bench, 0.8 * INTERVAL_MS), [
    "BTC-USD 100.00 of first",
    "ETH-USD 10.00 of first",
    "first live",
    "second live: On standby while FIRST serves",
  ]);
  stop();
});

Deno.test("who answers and repeats itself is replaced, and gets nothing back until it has news", async () => {
  const bench = createBench();
  const { first, second, clock, poller } = bench;
  second.answers = OTHER;
  first.asOf = new Date(clock.now()).toISOString();
  const stop = poller.start();
  const sourceOf = (line: string) => line.split(" ").at(-1);
  const prices = async (ms: number) =>
    (await told(bench, ms)).filter((line) => line.includes(" of "));
  await prices(0);
  const changed = await prices(4 * INTERVAL_MS);
  assertEquals(
    new Set(changed.filter((line) => !line.includes("stale")).map(sourceOf)),
    new Set(["second"]),
  );
  second.answers = { "BTC-USD": "100.60", "ETH-USD": "10.06" };
  const later = await prices(10 * INTERVAL_MS);
  assertEquals(new Set(later.map(sourceOf)), new Set(["second"]));

  first.asOf = null;
  assertEquals((await prices(4 * INTERVAL_MS)).map(sourceOf), ["first", "first"]);
  stop();
});

Deno.test("a price that is not believed changes no hands", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  const stop = poller.start();
  await told(bench, 0);
  first.answers = FAILING;
  first.health = openBreaker(bench);
  second.answers = { "BTC-USD": "150.00", "ETH-USD": "10.05" };
  const lines = await told(bench, INTERVAL_MS);
  assertEquals(lines.filter((line) => line.includes("of second")), ["ETH-USD 10.05 of second"]);
  // So the first one has nothing to win back there.
  first.answers = { ...GOOD, "BTC-USD": "101.00" };
  first.health = HEALTHY;
  const next = await told(bench, INTERVAL_MS);
  assertEquals(next.filter((line) => line.endsWith("of first")), ["BTC-USD 101.00 of first"]);
  stop();
});

Deno.test("a failure on the way back begins the count anew", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  first.answers = FAILING;
  second.answers = OTHER;
  const stop = poller.start();
  await told(bench, 0);
  const serving: string[] = [];
  for (const answers of [GOOD, GOOD, FAILING, GOOD, GOOD, GOOD]) {
    first.answers = answers;
    const lines = await told(bench, INTERVAL_MS);
    serving.push(lines.some((line) => line.endsWith("of first")) ? "first" : "second");
  }
  assertEquals(serving, ["second", "second", "second", "second", "second", "first"]);
  stop();
});

Deno.test("a provider that hangs on its way back holds up nobody", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  first.answers = FAILING;
  second.answers = { ...OTHER };
  const stop = poller.start();
  await told(bench, 0);
  first.answers = {}; // never comes
  for (const price of ["100.51", "100.52", "100.53"]) {
    second.answers["BTC-USD"] = price;
    assertEquals(await told(bench, INTERVAL_MS), [`BTC-USD ${price} of second`]);
  }
  // One call is out, and no second one is sent after it.
  assertEquals(first.askedAt.length, 2);
  stop();
});

Deno.test("a change is never computed across two sources, and what is known stays where all fail", async () => {
  const bench = createBench();
  const { first, second, poller, clock } = bench;
  second.answers = FAILING;
  const stop = poller.start();
  await told(bench, 0);
  first.answers = FAILING;
  first.health = openBreaker(bench);
  second.health = openBreaker(bench);
  await told(bench, 10 * INTERVAL_MS);
  const quotes = bench.batches.flat().filter(({ key }) => key === "BTC-USD");
  const { price, change, source, is_stale } = Object(quotes.at(-1)?.data);
  assertEquals([price, change, source, is_stale], ["100.00", null, "first", true]);
  stop();
  assertEquals(clock.timers, 0);
});

Deno.test("a witness is asked about every 30 s, and a disagreement is said until it is settled", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  second.answers = { ...OTHER, "BTC-USD": "102.30" };
  const stop = poller.start();
  assertEquals((await told(bench, 20_000)).some((line) => line.includes("second")), false);
  assertEquals(await told(bench, 10_000), [
    "first live: FIRST and SECOND differ by 2.3 % on BTC-USD",
    "second live: On standby while FIRST serves",
  ]);
  assertEquals(second.askedAt.length, 1);
  second.answers["BTC-USD"] = "100.40";
  assertEquals(await told(bench, 30_000), ["first live"]);
  assertEquals([second.askedAt.length, first.askedAt.length], [2, 13]);
  // Neither was averaged away, nor taken for the other.
  const prices = bench.batches.flat().filter(({ key }) => key === "BTC-USD");
  assertEquals(prices.map(({ data }) => Object(data).price), ["100.00"]);
  stop();
});

Deno.test("what two sources differ by is forgotten when a symbol changes hands", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  second.answers = { ...OTHER, "BTC-USD": "110.00" };
  const stop = poller.start();
  await told(bench, 30_000);
  first.answers = FAILING;
  first.health = openBreaker(bench);
  const lines = await told(bench, INTERVAL_MS);
  assertEquals(lines.filter((line) => !line.includes(" of ")), [
    `first down: ${LATE.message}`,
    "second live",
  ]);
  stop();
});

Deno.test("who stands by and fails is stale once it was silent for two intervals", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  second.answers = OTHER;
  const stop = poller.start();
  await told(bench, 30_000);
  second.answers = { "BTC-USD": LATE, "ETH-USD": LATE };
  const lines = await told(bench, 60_000);
  assertEquals(lines, [
    `second live: ${LATE.message}; On standby while FIRST serves`,
    `second stale: ${LATE.message}; On standby while FIRST serves`,
  ]);
  assertEquals(first.askedAt.length > 15, true);
  stop();
});

Deno.test("a status tells of a symbol that fails as long as it fails, whatever else comes", async () => {
  const bench = createBench();
  const { first, second, poller } = bench;
  second.answers = OTHER;
  first.answers = { ...GOOD, "BTC-USD": LATE };
  const stop = poller.start();
  assertEquals((await told(bench, 0)).filter((line) => line.startsWith("first")), [
    `first live: ${LATE.message}`,
  ]);
  assertEquals(await told(bench, 4 * INTERVAL_MS), []);
  stop();
});
