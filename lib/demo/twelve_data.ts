/**
 * Twelve Data, simulated: `/quote?symbol=…` and `/time_series?symbol=…&interval=…&outputsize=…`.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../core/time.ts";
import { barsUntil } from "./bars.ts";
import { type DemoInstrument, type Listings, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

/** Returns the quote of a symbol such as `XAU/USD`, or an error in its place. */
function quoteOf(
  listings: Listings,
  symbol: string,
  now: number,
): Readonly<Record<string, unknown>> {
  const listing = lookUp(listings, symbol);
  if (listing === undefined) {
    return { code: 404, message: `**symbol** not found: ${symbol}`, status: "error" };
  }
  const { instrument: { currency }, priceAt } = listing;
  const tradedAt = lastSpotTrade(now);
  return {
    symbol,
    currency,
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

/** Returns the latest bars of a symbol, newest first, or an error in their place. */
function seriesOf(
  listings: Listings,
  searchParams: URLSearchParams,
  now: number,
): Readonly<Record<string, unknown>> {
  const symbol = searchParams.get("symbol") ?? "";
  const priceAt = lookUp(listings, symbol)?.priceAt;
  const barMs = lookUp(BAR_LENGTHS_MS, searchParams.get("interval"));
  if (priceAt === undefined || barMs === undefined) {
    return { code: 404, message: `**symbol** or **figi** not found: ${symbol}`, status: "error" };
  }
  const count = Number(searchParams.get("outputsize") ?? 30);
  const values = barsUntil(priceAt, barMs, count, lastSpotTrade(now)).map(
    ({ startAt, ...prices }) => ({
      datetime: isoTime(startAt).replace("T", " ").slice(0, barMs < DAY_MS ? 19 : 10),
      ...prices,
    }),
  );
  return { meta: { symbol }, values: values.toReversed(), status: "ok" };
}

/** Creates a simulation of Twelve Data: decimal strings, one quote for one symbol, and an object of quotes for several. */
export function createSimulatedTwelveData(
  instruments: readonly DemoInstrument[],
): SimulatedUpstream {
  const listings = listingsOf(instruments, "twelve-data", 3);
  return {
    host: "api.twelvedata.com",
    latencyMs: { min: 10, max: 30 },
    respond({ pathname, searchParams }, now) {
      if (pathname === "/time_series") {
        return { status: 200, body: seriesOf(listings, searchParams, now) };
      }
      const symbols = searchParams.get("symbol")?.split(",") ?? [];
      const quotes = symbols.map((symbol) => quoteOf(listings, symbol, now));
      const body = quotes.length === 1
        ? quotes[0]
        : Object.fromEntries(quotes.map((quote, index) => [symbols[index], quote]));
      return { status: 200, body };
    },
  };
}
