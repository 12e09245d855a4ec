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
    "Its markets are closed",
  ]);
  await market.clock.advance(3_600_000);
  assertEquals(market.statusOf("gold-api")?.state, "live");
});
