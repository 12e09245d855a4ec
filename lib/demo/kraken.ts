/**
 * Kraken, simulated: `/0/public/Ticker?pair=…` and `/0/public/OHLC?pair=…&interval=…`.
 *
 * @module
 */
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import { BAR_VOLUME, barsUntil } from "./bars.ts";
import { type DemoInstrument, type Listings, listingsOf } from "./market.ts";
import { lookUp, type SimulatedResponse, type SimulatedUpstream } from "./simulated_upstream.ts";

/** The pairs whose keys in a response have a letter before each currency. They are the oldest ones. */
const LETTERED_PAIRS = new Set(["XBTUSD", "ETHUSD", "LTCUSD", "XRPUSD", "XLMUSD", "ETCUSD"]);

/** Returns the key of a pair in a response. */
function keyOfPair(pair: string): string {
  return LETTERED_PAIRS.has(pair) ? `X${pair.slice(0, -3)}Z${pair.slice(-3)}` : pair;
}

/** The bars of a response. */
const KRAKEN_BARS = 720;

/** Responds with the latest bars of one pair, oldest first. */
function barsResponse(
  listings: Listings,
  searchParams: URLSearchParams,
  now: number,
): SimulatedResponse {
  const pair = searchParams.get("pair") ?? "";
  const priceAt = lookUp(listings, pair)?.priceAt;
  if (priceAt === undefined) {
    return { status: 200, body: { error: ["EQuery:Unknown asset pair"] } };
  }
  const intervalMs = Number(searchParams.get("interval")) * MINUTE_MS;
  const bars = barsUntil(priceAt, intervalMs, KRAKEN_BARS, now).map((bar) => [
    bar.startAt / 1000,
    ...[bar.open, bar.high, bar.low, bar.close, bar.close].map((price) => `${price}000`),
    BAR_VOLUME,
    7,
  ]);
  return {
    status: 200,
    body: { error: [], result: { [keyOfPair(pair)]: bars, last: now / 1000 } },
  };
}

/** Creates a simulation of Kraken: errors with HTTP 200, more decimals than others, and `o` as of midnight UTC. */
export function createSimulatedKraken(instruments: readonly DemoInstrument[]): SimulatedUpstream {
  const listings = listingsOf(instruments, "kraken", 1);
  return {
    host: "api.kraken.com",
    latencyMs: { min: 10, max: 20 },
    prices: {
      provider: "kraken",
      pathOf: () => "/0/public/Ticker",
      priceAt: (pair, ms) => listings[pair]?.priceAt(ms),
    },
    respond({ pathname, searchParams }, now) {
      if (pathname.endsWith("/OHLC")) return barsResponse(listings, searchParams, now);
      const result: Record<string, unknown> = {};
      for (const pair of searchParams.get("pair")?.split(",") ?? []) {
        const priceAt = lookUp(listings, pair)?.priceAt;
        if (priceAt === undefined) {
          return { status: 200, body: { error: ["EQuery:Unknown asset pair"] } };
        }
        const last = `${priceAt(now)}000`;
        result[keyOfPair(pair)] = {
          a: [last, "1", "1.000"],
          b: [last, "1", "1.000"],
          c: [last, "0.01"],
          o: `${priceAt(now - now % DAY_MS)}000`,
        };
      }
      return { status: 200, body: { error: [], result } };
    },
  };
}
