/** Markets that close and open without a response of a provider, as a client of a stream sees them. */
import { assertEquals } from "@std/assert";
import { createQuotesUnderTest, type QuotesUnderTest, unreachable } from "./quotes_under_test.ts";

/** One provider of gold, a long-lived stream, and no coalescing. */
const SETTINGS = {
  TWELVE_DATA_API_KEY: "",
  UNOFFICIAL_SOURCES: "yahoo",
  STREAM_MAX_AGE_MS: "86400000",
  COALESCE_MS: "0",
};

/** The interval of tests that pass hours: hundreds of polls fewer than with `INTERVAL_MS`. */
const SLOW_INTERVAL_MS = 60_000;
const SLOW_SETTINGS = { ...SETTINGS, QUOTE_POLL_MS: String(SLOW_INTERVAL_MS) };

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** 17:00 in New York on a Wednesday: metals rest for an hour. */
const CLOSES_AT = Date.UTC(2026, 10, 18, 22);

/** Returns the streamed states of gold after the first `count`: the session and staleness. */
function statesAfter(test: QuotesUnderTest, count: number): string[] {
  return test.quotesOf("XAU-USD")
    .map((quote) => `${quote.session}${quote.is_stale ? ", stale" : ""}`)
    .slice(count);
}

Deno.test("a market closes and opens on time though its provider is unreachable, and is stale only while open", async () => {
  await using test = await createQuotesUnderTest(new Map(), SLOW_SETTINGS, CLOSES_AT - 10_000);
  test.answers.set("gold-api", unreachable);
  const { length: initial } = test.quotesOf("XAU-USD");
  await test.clock.advance(9999);
  assertEquals(statesAfter(test, initial), []);
  await test.clock.advance(1);
  assertEquals(statesAfter(test, initial), ["closed"]);
  await test.clock.advance(HOUR_MS);
  assertEquals(statesAfter(test, initial), ["closed", "open"]);
  await test.clock.advance(2 * SLOW_INTERVAL_MS);
  assertEquals(statesAfter(test, initial), ["closed", "open", "open, stale"]);
  assertEquals(test.statusOf("gold-api")?.state, "down");
});

Deno.test("a provider whose markets close is closed from then on, and is live once they open", async () => {
  await using test = await createQuotesUnderTest(new Map(), SLOW_SETTINGS, CLOSES_AT - 10_000);
  await test.clock.advance(20_000);
  const { state, since, reason } = test.statusOf("gold-api") ?? {};
  assertEquals([state, since, reason], [
    "closed",
    new Date(CLOSES_AT).toISOString(),
    "Markets are closed",
  ]);
  await test.clock.advance(HOUR_MS);
  assertEquals(test.statusOf("gold-api")?.state, "live");
});

Deno.test("a closed market is polled every 5 min, and when it opens", async () => {
  const start = CLOSES_AT + 60_000;
  const env = { ...SETTINGS, DEMO: "0", QUOTE_POLL_MS: "" };
  await using test = await createQuotesUnderTest(new Map(), env, start);
  await test.clock.advance(HOUR_MS);
  const times = new Set(
    test.calls.filter(({ host }) => host === "api.gold-api.com").map(({ at }) => at - start),
  );
  const minutes = [...times].map((ms) => ms / 60_000);
  // Every 5 min from 22:01 on, then at 23:00 and every half minute.
  assertEquals(minutes, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 59, 59.5, 60]);
});

Deno.test("the change of gold is measured from the last close that was recorded, never from an isolate's first price", async () => {
  await using test = await createQuotesUnderTest(new Map(), SLOW_SETTINGS, CLOSES_AT - HOUR_MS);
  const { clock } = test;
  await clock.advance(1.5 * HOUR_MS);
  const before = test.quotesOf("XAU-USD");
  assertEquals([...new Set(before.map(({ basis }) => basis))], ["none"]);
  await clock.advance(HOUR_MS);
  const { price = "", change = "", basis } = test.quotesOf("XAU-USD").at(-1) ?? {};
  assertEquals(basis, "prev_close");
  const baseline = (Number(price) - Number(change)).toFixed(2);
  const closing = before.filter(({ received_at }) =>
    Math.abs(Date.parse(received_at) - CLOSES_AT) < 20 * SLOW_INTERVAL_MS
  );
  assertEquals(closing.map((quote) => quote.price).includes(baseline), true, baseline);
});

Deno.test("a quote is evaluated when it is served, also after its market closed without a subscriber", async () => {
  await using test = await createQuotesUnderTest(new Map(), SETTINGS, CLOSES_AT - 60_000);
  const { clock, client, services } = test;
  await client.hangUp();
  await clock.advance(30_000);
  const servedStates = async () => {
    const { quotes } = await services.quotes.snapshot(["XAU-USD"]);
    return quotes.map(({ session, is_stale }) => [session, is_stale]);
  };
  assertEquals(await servedStates(), [["open", true]]);
  await clock.advance(30_000);
  assertEquals(await servedStates(), [["closed", false]]);
  await clock.advance(WEEK_MS - HOUR_MS);
  assertEquals(await servedStates(), [["open", true]]);
});
