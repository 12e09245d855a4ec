/**
 * Twelve Data, simulated: `/quote?symbol={metal}/USD,…`.
 *
 * @module
 */
import { DAY_MS, isoTime } from "../core/time.ts";
import { createSimulatedMarket } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

const twelveDataMarket = createSimulatedMarket(3);

/** Returns the quote of a pair such as `XAU/USD`, or an error in its place. */
function quoteOf(pair: string, now: number): Readonly<Record<string, unknown>> {
  const priceAt = lookUp(twelveDataMarket, pair.replace("/", "-"));
  if (priceAt === undefined) {
    return { code: 404, message: `**symbol** not found: ${pair}`, status: "error" };
  }
  const tradedAt = lastSpotTrade(now);
  return {
    symbol: pair,
    currency: "USD",
    datetime: isoTime(tradedAt).slice(0, 10),
    timestamp: Math.floor((tradedAt - tradedAt % DAY_MS) / 1000),
    last_quote_at: Math.floor(tradedAt / 1000),
    close: priceAt(tradedAt),
    previous_close: priceAt(tradedAt - DAY_MS),
    is_market_open: tradedAt === now,
  };
}

/** Simulates Twelve Data: decimal strings, one quote for one pair, and an object of quotes for several pairs. */
export const simulatedTwelveData: SimulatedUpstream = {
  host: "api.twelvedata.com",
  latencyMs: { min: 10, max: 30 },
  respond({ searchParams }, now) {
    const pairs = searchParams.get("symbol")?.split(",") ?? [];
    const quotes = pairs.map((pair) => quoteOf(pair, now));
    const body = quotes.length === 1
      ? quotes[0]
      : Object.fromEntries(quotes.map((quote, index) => [pairs[index], quote]));
    return { status: 200, body };
  },
};
