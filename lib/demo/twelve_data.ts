/**
 * Twelve Data, simulated: `/quote?symbol={metal}/USD,…` and `/time_series?symbol={metal}/USD&interval=…&outputsize=…`.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../core/time.ts";
import { barsUntil } from "./bars.ts";
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

/** The lengths of bars, by the name that a request uses. */
const BAR_LENGTHS_MS: Readonly<Record<string, number>> = {
  "1min": MINUTE_MS,
  "5min": 5 * MINUTE_MS,
  "15min": 15 * MINUTE_MS,
  "2h": 2 * HOUR_MS,
  "1day": DAY_MS,
};

/** Returns the latest bars of a pair, newest first, or an error in their place. */
function seriesOf(searchParams: URLSearchParams, now: number): Readonly<Record<string, unknown>> {
  const pair = searchParams.get("symbol") ?? "";
  const priceAt = lookUp(twelveDataMarket, pair.replace("/", "-"));
  const barMs = lookUp(BAR_LENGTHS_MS, searchParams.get("interval"));
  if (priceAt === undefined || barMs === undefined) {
    return { code: 404, message: `**symbol** or **figi** not found: ${pair}`, status: "error" };
  }
  const count = Number(searchParams.get("outputsize") ?? 30);
  const values = barsUntil(priceAt, barMs, count, lastSpotTrade(now)).map(
    ({ startAt, ...prices }) => ({
      datetime: isoTime(startAt).replace("T", " ").slice(0, barMs < DAY_MS ? 19 : 10),
      ...prices,
    }),
  );
  return { meta: { symbol: pair }, values: values.toReversed(), status: "ok" };
}

/** Simulates Twelve Data: decimal strings, one quote for one pair, and an object of quotes for several pairs. */
export const simulatedTwelveData: SimulatedUpstream = {
  host: "api.twelvedata.com",
  latencyMs: { min: 10, max: 30 },
  respond({ pathname, searchParams }, now) {
    if (pathname === "/time_series") return { status: 200, body: seriesOf(searchParams, now) };
    const pairs = searchParams.get("symbol")?.split(",") ?? [];
    const quotes = pairs.map((pair) => quoteOf(pair, now));
    const body = quotes.length === 1
      ? quotes[0]
      : Object.fromEntries(quotes.map((quote, index) => [pairs[index], quote]));
    return { status: 200, body };
  },
};
