/** The freshness that a poller publishes: stale quotes, states of providers, and the beginning of a state. */
import { assertEquals } from "@std/assert";
import { DAY_MS, HOUR_MS } from "../../../lib/core/time.ts";
import { ProviderStatus } from "../../../lib/topics/quotes/quote.ts";
import {
  createPollerUnderTest,
  FAILING,
  FIRST_PRICES,
  INTERVAL_MS,
  joinPublished,
  SECOND_INTERVAL_MS,
  summarize,
  TIMEOUT,
} from "./fake_providers.ts";

Deno.test("a poller publishes that a quote and its source went stale without a response", async () => {
  const { clock, poller, first, batches } = createPollerUnderTest();
  const stop = poller.start();
  await clock.advance(0);
  const startedAt = clock.now();
  first.prices = {};
  await clock.advance(2 * INTERVAL_MS - 1);
  assertEquals(batches.length, 1);
  await clock.advance(1);
  stop();
  assertEquals(batches.slice(1).map(summarize), [[
    "BTC-USD 100.00 of first, stale",
    "ETH-USD 10.00 of first, stale",
    "first stale: No answer for twice the poll interval",
  ]]);
  const since = new Date(startedAt + 2 * INTERVAL_MS).toISOString();
  assertEquals(Object(batches[1]?.[2]?.data).since, since);
  assertEquals(clock.timers, 0);
});

Deno.test("a poller publishes that a quote went stale while its first poll is under way", async () => {
  const { clock, poller, first, batches } = createPollerUnderTest();
  await poller.refresh();
  first.prices = {};
  const stop = poller.start();
  await clock.advance(2 * INTERVAL_MS);
  stop();
  assertEquals(summarize(batches[1])[0], "BTC-USD 100.00 of first, stale");
});

Deno.test("a quote is stale by the interval of its source", async () => {
  const { clock, poller, first, second, batches } = createPollerUnderTest();
  first.prices = { ...FAILING };
  second.prices = { "BTC-USD": "101.00", "ETH-USD": "10.01" };
  await poller.refresh();
  const quote = joinPublished(batches.flat());
  await clock.advance(2 * SECOND_INTERVAL_MS - 1);
  assertEquals(poller.evaluateQuote(quote).is_stale, false);
  await clock.advance(1);
  assertEquals(poller.evaluateQuote(quote).is_stale, true);
});

Deno.test("a repeated price keeps the quote fresh", async () => {
  const { clock, poller, batches } = createPollerUnderTest();
  const stop = poller.start();
  await clock.advance(10 * INTERVAL_MS);
  stop();
  assertEquals(batches.length, 1);
});

Deno.test("a poller that is started after an hour publishes stale quotes before fresh ones", async () => {
  const { clock, poller, batches } = createPollerUnderTest();
  await poller.refresh();
  const startedAt = clock.now();
  await clock.advance(HOUR_MS);
  const stop = poller.start();
  await clock.advance(0);
  stop();
  assertEquals(batches.slice(1).map((batch) => summarize(batch)[0]), [
    "BTC-USD 100.00 of first, stale",
    "BTC-USD 100.00 of first",
  ]);
  const since = new Date(startedAt + 2 * INTERVAL_MS).toISOString();
  assertEquals(Object(batches[1]?.[2]?.data).since, since);
});

Deno.test("a provider without a response is down, and so is a provider whose circuit breaker is open", async () => {
  const { clock, poller, first, second, batches } = createPollerUnderTest();
  const until = clock.now() + 60_000;
  first.prices = { ...FAILING };
  second.prices = { "BTC-USD": "101.00", "ETH-USD": "10.01" };
  const stop = poller.start();
  await clock.advance(0);
  assertEquals(summarize(batches[0])[2], `first down: ${TIMEOUT.message}`);
  first.prices = { ...FIRST_PRICES };
  await clock.advance(INTERVAL_MS);
  first.prices = { ...FAILING };
  first.health = { breaker: "open", nextTryAt: until, failure: TIMEOUT };
  await clock.advance(INTERVAL_MS);
  assertEquals(batches[2]?.find(({ key }) => key === "status:first")?.data, {
    provider: "first",
    symbols: ["BTC-USD", "ETH-USD"],
    state: "down",
    since: new Date(clock.now()).toISOString(),
    reason: TIMEOUT.message,
    breaker: "open",
    next_try_at: new Date(until).toISOString(),
  });
  first.health = { breaker: "half-open", nextTryAt: null, failure: TIMEOUT };
  const status = ProviderStatus.parse(batches[2]?.find(({ key }) => key === "status:first")?.data);
  assertEquals(poller.evaluateStatus(status), {
    ...status,
    breaker: "half-open",
    next_try_at: null,
  });
  stop();
  assertEquals(
    poller.evaluateStatus(status),
    status,
    "without polling, the published status stays",
  );
});

Deno.test("`since` stays while only the reason of a status changes", async () => {
  const { clock, poller, first, second, batches } = createPollerUnderTest();
  second.prices = { "BTC-USD": "101.00", "ETH-USD": "10.01" };
  const stop = poller.start();
  await clock.advance(0);
  first.prices = { ...FAILING };
  await clock.advance(INTERVAL_MS);
  stop();
  const statusIn = (n: number) =>
    ProviderStatus.parse(batches[n]?.find(({ key }) => key === "status:first")?.data);
  assertEquals(statusIn(1), { ...statusIn(0), reason: TIMEOUT.message });
});

Deno.test("evaluateQuote() uses the last response of the source, and returns other symbols unchanged", async () => {
  const { clock, poller, first, batches } = createPollerUnderTest();
  const stop = poller.start();
  await clock.advance(10 * INTERVAL_MS);
  first.prices = {};
  const quote = joinPublished(batches.flat());
  assertEquals(poller.evaluateQuote(quote).is_stale, false);
  assertEquals(poller.evaluateQuote({ ...quote, source: "second" }).is_stale, true);
  await clock.advance(2 * INTERVAL_MS);
  assertEquals(poller.evaluateQuote(quote).is_stale, true);
  assertEquals(poller.evaluateQuote({ ...quote, symbol: "SPX" }).is_stale, false);
  const otherStatus = { ...ProviderStatus.parse(batches[0]?.at(-1)?.data), provider: "yahoo" };
  assertEquals(poller.evaluateStatus(otherStatus), otherStatus);
  assertEquals(poller.evaluateStatus({ ...otherStatus, provider: "first" }).state, "stale");
  stop();
});

Deno.test("evaluateQuote() marks a week-old quote of the log stale before the first response", async () => {
  const before = createPollerUnderTest();
  await before.poller.refresh();
  const quote = joinPublished(before.batches.flat());
  const { clock, poller } = createPollerUnderTest();
  assertEquals(poller.evaluateQuote(quote).is_stale, false);
  await clock.advance(7 * DAY_MS);
  assertEquals(poller.evaluateQuote(quote), { ...quote, is_stale: true });
  assertEquals(poller.pendingStatuses().map(({ provider, state }) => [provider, state]), [
    ["first", "stale"],
  ]);
});

Deno.test("next_try_at is not before the next poll", async () => {
  const { first, second, clock, poller, batches } = createPollerUnderTest();
  first.prices = { ...FAILING };
  second.prices = { "BTC-USD": "101.00", "ETH-USD": "10.01" };
  first.health = { breaker: "open", nextTryAt: clock.now() + 1000, failure: TIMEOUT };
  const stop = poller.start();
  await clock.advance(0);
  const event = batches.flat().find(({ key }) => key === "status:first");
  const { next_try_at } = ProviderStatus.parse(event?.data);
  assertEquals(next_try_at, new Date(clock.now() + INTERVAL_MS).toISOString());
  stop();
});
