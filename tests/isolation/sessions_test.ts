/** Markets that close and open without an answer, as a client of a stream sees them. */
import { assertEquals } from "@std/assert";
import { createQuotesUnderTest, lost } from "./quotes_under_test.ts";

/** One provider of gold, a long-lived stream, and no coalescing. */
const SETTINGS = { TWELVE_DATA_API_KEY: "", STREAM_MAX_AGE_MS: "86400000", COALESCE_MS: "0" };

/** The published states of gold after the first ones: the session and staleness. */
function states(
  test: Awaited<ReturnType<typeof createQuotesUnderTest>>,
  since: number,
): string[] {
  return test.quotesOf("XAU-USD")
    .map((quote) => `${quote.session}${quote.is_stale ? ", stale" : ""}`)
    .slice(since);
}

Deno.test("a market closes and opens on time though its provider is unreachable, and is stale only while open", async () => {
  // 22:00 UTC is 17:00 in New York: metals rest for an hour.
  const start = Date.UTC(2026, 10, 18, 21, 59, 50);
  await using test = await createQuotesUnderTest(new Map(), SETTINGS, start);
  test.answers.set("gold-api", lost);
  const before = test.quotesOf("XAU-USD").length;
  await test.clock.advance(9999);
  assertEquals(states(test, before), []);
  await test.clock.advance(1);
  assertEquals(states(test, before), ["closed"]);
  await test.clock.advance(3_600_000);
  assertEquals(states(test, before), ["closed", "open"]);
  await test.clock.advance(10_000);
  assertEquals(states(test, before), ["closed", "open", "open, stale"]);
  assertEquals(test.statusOf("gold-api")?.state, "down");
});

Deno.test("a provider whose markets close is closed from then on, and is still polled", async () => {
  const start = Date.UTC(2026, 10, 18, 21, 59, 50);
  await using test = await createQuotesUnderTest(new Map(), SETTINGS, start);
  await test.clock.advance(20_000);
  const { state, since, reason } = test.statusOf("gold-api") ?? {};
  assertEquals([state, since, reason], [
    "closed",
    "2026-11-18T22:00:00.000Z",
    "Markets are closed",
  ]);
  await test.clock.advance(3_600_000);
  assertEquals(test.statusOf("gold-api")?.state, "live");
});

Deno.test("closed markets are polled every 5 min, and when they open", async () => {
  const start = Date.UTC(2026, 10, 18, 22, 1);
  const env = { ...SETTINGS, QUOTE_POLL_MS: "" };
  await using test = await createQuotesUnderTest(new Map(), env, start);
  await test.clock.advance(3_600_000);
  const times = new Set(
    test.calls.filter(({ host }) => host === "api.gold-api.com").map(({ at }) => at - start),
  );
  const minutes = [...times].map((ms) => ms / 60_000);
  // Every 5 min from 22:01 on, then at 23:00 and every half minute.
  assertEquals(minutes, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 59, 59.5, 60]);
});

Deno.test("the change of gold is measured from its first price of the day, with basis utc_day", async () => {
  const start = Date.UTC(2026, 10, 18, 17);
  await using test = await createQuotesUnderTest(new Map(), SETTINGS, start);
  await test.clock.advance(5000);
  assertEquals(
    test.quotesOf("XAU-USD").map(({ price, change, basis }) => [price, change, basis]),
    [["4000.00", null, "none"], ["4000.05", "0.05", "utc_day"]],
  );
});

Deno.test("a quote is evaluated when it is served, also after its market closed without a subscriber", async () => {
  const start = Date.UTC(2026, 10, 18, 21, 59);
  const test = await createQuotesUnderTest(new Map(), SETTINGS, start);
  const { clock, client, services } = test;
  await client.hangUp();
  await clock.advance(30_000);
  const standing = async () => {
    const { quotes } = await services.quotes.snapshot(["XAU-USD"]);
    return quotes.map(({ session, is_stale }) => [session, is_stale]);
  };
  assertEquals(await standing(), [["open", true]]);
  await clock.advance(30_000);
  assertEquals(await standing(), [["closed", false]]);
  await clock.advance(7 * 86_400_000 - 3_600_000);
  assertEquals(await standing(), [["open", true]]);
  await test[Symbol.asyncDispose]();
});
