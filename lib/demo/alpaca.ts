/**
 * Alpaca's data of IEX, simulated: `/v2/stocks/snapshots?symbols=…&feed=iex` and `/v2/stocks/bars?symbols=…&timeframe=…`.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../core/time.ts";
import { barsUntil, simulatedBar } from "./bars.ts";
import { type DemoInstrument, type Listings, listingsOf, type PriceAt } from "./market.ts";
import { lookUp, type SimulatedResponse, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

/** Half of the simulated spread, as a share of the price. */
const HALF_SPREAD = 0.0001;

/** Returns the bar of a day, until a time of it. */
function dayBar(priceAt: PriceAt, midnight: number, until: number) {
  const { open, high, low, close } = simulatedBar(priceAt, midnight, until);
  const [o, h, l, c] = [open, high, low, close].map(Number);
  return { t: isoTime(midnight), o, h, l, c, v: Math.floor((until - midnight) / 1000) };
}

function snapshotOf(priceAt: PriceAt, now: number) {
  const tradedAt = lastSpotTrade(now);
  const midnight = tradedAt - tradedAt % DAY_MS;
  const price = Number(priceAt(tradedAt));
  const t = isoTime(tradedAt);
  const [bp, ap] = [1 - HALF_SPREAD, 1 + HALF_SPREAD].map((share) =>
    Number((price * share).toFixed(2))
  );
  return {
    latestTrade: { t, x: "V", p: price, s: 100, c: ["@"], z: "C" },
    latestQuote: { t, bx: "V", bp, bs: 1, ax: "V", ap, as: 1, c: ["R"], z: "C" },
    dailyBar: dayBar(priceAt, midnight, tradedAt),
    prevDailyBar: dayBar(priceAt, midnight - DAY_MS, midnight),
  };
}

/** The lengths of bars, by the name that a request uses. */
const ALPACA_LENGTHS_MS: Readonly<Record<string, number>> = {
  "1Min": MINUTE_MS,
  "5Min": 5 * MINUTE_MS,
  "15Min": 15 * MINUTE_MS,
  "1Hour": HOUR_MS,
  "1Day": DAY_MS,
};

/** The most simulated bars of a response. */
const MAX_SIMULATED_BARS = 400;

/** Responds with the latest bars of one symbol, newest first. */
function alpacaBars(
  listings: Listings,
  searchParams: URLSearchParams,
  now: number,
): SimulatedResponse {
  const symbol = searchParams.get("symbols") ?? "";
  const priceAt = lookUp(listings, symbol)?.priceAt;
  const barMs = lookUp(ALPACA_LENGTHS_MS, searchParams.get("timeframe"));
  if (priceAt === undefined || barMs === undefined) return { status: 200, body: { bars: {} } };
  const bars = barsUntil(priceAt, barMs, MAX_SIMULATED_BARS, lastSpotTrade(now)).map(
    ({ startAt, ...bar }) => {
      const [o, h, l, c] = [bar.open, bar.high, bar.low, bar.close].map(Number);
      return { t: isoTime(startAt), o, h, l, c, v: 100 };
    },
  );
  return { status: 200, body: { bars: { [symbol]: bars.toReversed() }, next_page_token: null } };
}

/** Creates a simulation of Alpaca: bare numbers, and an object of snapshots without the symbols that it does not know. */
export function createSimulatedAlpaca(instruments: readonly DemoInstrument[]): SimulatedUpstream {
  const listings = listingsOf(instruments, "alpaca", 6);
  return {
    host: "data.alpaca.markets",
    latencyMs: { min: 10, max: 30 },
    respond({ pathname, searchParams }, now) {
      if (pathname === "/v2/stocks/bars") return alpacaBars(listings, searchParams, now);
      const symbols = searchParams.get("symbols")?.split(",") ?? [];
      const snapshots = symbols.flatMap((symbol) => {
        const priceAt = lookUp(listings, symbol)?.priceAt;
        return priceAt === undefined ? [] : [[symbol, snapshotOf(priceAt, now)]];
      });
      return { status: 200, body: Object.fromEntries(snapshots) };
    },
  };
}
