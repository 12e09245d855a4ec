/**
 * Finnhub, simulated: `/api/v1/quote?symbol=…`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { simulatedBar } from "./bars.ts";
import { type DemoInstrument, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

/** The quote of an unknown symbol, which comes with HTTP 200. */
const UNKNOWN_QUOTE = { c: 0, d: null, dp: null, h: 0, l: 0, o: 0, pc: 0, t: 0 };

/** Creates a simulation of Finnhub: bare numbers, and times in seconds. */
export function createSimulatedFinnhub(instruments: readonly DemoInstrument[]): SimulatedUpstream {
  const listings = listingsOf(instruments, "finnhub", 5);
  return {
    host: "finnhub.io",
    latencyMs: { min: 10, max: 30 },
    respond({ searchParams }, now) {
      const priceAt = lookUp(listings, searchParams.get("symbol"))?.priceAt;
      if (priceAt === undefined) return { status: 200, body: UNKNOWN_QUOTE };
      const tradedAt = lastSpotTrade(now);
      const midnight = tradedAt - tradedAt % DAY_MS;
      const day = simulatedBar(priceAt, midnight, tradedAt);
      const [open, high, low, close] = [day.open, day.high, day.low, day.close].map(Number);
      const previousClose = Number(priceAt(midnight));
      const change = Number(day.close) - previousClose;
      return {
        status: 200,
        body: {
          c: close,
          d: Number(change.toFixed(2)),
          dp: Number((change / previousClose * 100).toFixed(4)),
          h: high,
          l: low,
          o: open,
          pc: previousClose,
          t: Math.floor(tradedAt / 1000),
        },
      };
    },
  };
}
