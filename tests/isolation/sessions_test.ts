/** Markets that close and open while nothing comes: what a client of a real stream sees. */
import { assertEquals } from "@std/assert";
import { createMarketUnderTest, lost } from "./market_under_test.ts";

/** One provider alone, a stream that lasts, and events that go at once. */
const SETTINGS = { TWELVE_DATA_API_KEY: "", STREAM_MAX_AGE_MS: "86400000", COALESCE_MS: "0" };

/** How gold stood, each time that was told, after a time: the session, and whether it was stale. */
function standings(
  market: Awaited<ReturnType<typeof createMarketUnderTest>>,
  since: number,
): string[] {
  return market.quotesOf("XAU-USD")
    .map((quote) => `${quote.session}${quote.is_stale ? ", stale" : ""}`)
    .slice(since);
}

Deno.test("a market closes and opens on time though its provider is lost, and is stale only while open", async () => {
  // 22:00 UTC is 17:00 in New York: metals rest for an hour.
  const start = Date.UTC(2026, 10, 18, 21, 59, 50);
  await using market = await createMarketUnderTest(new Map(), SETTINGS, start);
  market.answers.set("gold-api", lost);
  const before = market.quotesOf("XAU-USD").length;
  await market.clock.advance(9999);
  assertEquals(standings(market, before), []);
  await market.clock.advance(1);
  assertEquals(standings(market, before), ["closed"]);
  await market.clock.advance(3_600_000);
  assertEquals(standings(market, before), ["closed", "open"]);
  await market.clock.advance(10_000);
  assertEquals(standings(market, before), ["closed", "open", "open, stale"]);
  assertEquals(market.statusOf("gold-api")?.state, "down");
});

Deno.test("a provider whose markets are closed says so, when they close, and is asked on", async () => {
  const start = Date.UTC(2026, 10, 18, 21, 59, 50);
  await using market = await createMarketUnderTest(new Map(), SETTINGS, start);
  await market.clock.advance(20_000);
  const { state, since, reason } = market.statusOf("gold-api") ?? {};
  assertEquals([state, since, reason], [
    "closed",
    "2026-11-18T22:00:00.000Z",
    "Markets are closed",
  ]);
  await market.clock.advance(3_600_000);
  assertEquals(market.statusOf("gold-api")?.state, "live");
});

Deno.test("closed markets are asked every 5 min, and when they open", async () => {
  const start = Date.UTC(2026, 10, 18, 22, 1);
  const env = { ...SETTINGS, QUOTE_POLL_MS: "" };
  await using market = await createMarketUnderTest(new Map(), env, start);
  await market.clock.advance(3_600_000);
  const times = new Set(
    market.calls.filter(({ host }) => host === "api.gold-api.com").map(({ at }) => at - start),
  );
  const minutes = [...times].map((ms) => ms / 60_000);
  // Every 5 min from 22:01 on, then at 23:00 and every half minute.
  assertEquals(minutes, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 59, 59.5, 60]);
});

Deno.test("gold is measured against its own first price of the day, and says so", async () => {
  const start = Date.UTC(2026, 10, 18, 17);
  await using market = await createMarketUnderTest(new Map(), SETTINGS, start);
  await market.clock.advance(5000);
  assertEquals(
    market.quotesOf("XAU-USD").map(({ price, change, basis }) => [price, change, basis]),
    [["4000.00", null, "none"], ["4000.05", "0.05", "utc_day"]],
  );
});

Deno.test("a quote is judged when it is served: also after its market closed while nobody watched", async () => {
  const start = Date.UTC(2026, 10, 18, 21, 59);
  const market = await createMarketUnderTest(new Map(), SETTINGS, start);
  const { clock, client, services } = market;
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
  await market[Symbol.asyncDispose]();
});
