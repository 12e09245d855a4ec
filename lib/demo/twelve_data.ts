/**
 * Twelve Data, simulated: `/quote?symbol={metal}/USD,…`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";
import { lastSpotTrade } from "./spot.ts";

const twelveDataMarket = marketOf(3);

function quoteOf(pair: string, now: number) {
  const priceAt = twelveDataMarket[pair.replace("/", "-")];
  if (priceAt === undefined) {
    return { code: 404, message: `**symbol** not found: ${pair}`, status: "error" };
  }
  const at = lastSpotTrade(now);
  return {
    symbol: pair,
    currency: "USD",
    datetime: new Date(at).toISOString().slice(0, 10),
    timestamp: Math.floor((at - at % DAY_MS) / 1000),
    last_quote_at: Math.floor(at / 1000),
    close: priceAt(at),
    previous_close: priceAt(at - DAY_MS),
    is_market_open: at === now,
  };
}

/** Simulates Twelve Data: decimal strings, an object by symbol for several symbols, and errors in the place of a quote. */
export const simulatedTwelveData: SimulatedUpstream = {
  host: "api.twelvedata.com",
  latencyMs: { least: 10, most: 30 },
  answer({ searchParams }, now) {
    const pairs = searchParams.get("symbol")?.split(",") ?? [];
    const quotes = pairs.map((pair) => [pair, quoteOf(pair, now)] as const);
    const [[, only] = []] = quotes;
    return { status: 200, body: quotes.length === 1 ? only : Object.fromEntries(quotes) };
  },
};
