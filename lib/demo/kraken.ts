/**
 * Kraken, simulated: `/0/public/Ticker?pair=…` and `/0/public/OHLC?pair=…&interval=…`.
 *
 * @module
 */
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import { BAR_VOLUME, barsUntil } from "./bars.ts";
import { createSimulatedMarket } from "./market.ts";
import { lookUp, type SimulatedResponse, type SimulatedUpstream } from "./simulated_upstream.ts";

/** A pair: its key in a response, and its symbol. */
interface SimulatedPair {
  readonly key: string;
  readonly symbol: string;
}

/** The pairs, by the name that a request uses. */
const SIMULATED_PAIRS: Readonly<Record<string, SimulatedPair>> = {
  XBTUSD: { key: "XXBTZUSD", symbol: "BTC-USD" },
  ETHUSD: { key: "XETHZUSD", symbol: "ETH-USD" },
};

const krakenMarket = createSimulatedMarket(1);

/** The bars of a response. */
const KRAKEN_BARS = 720;

/** Responds with the latest bars of one pair, oldest first. */
function barsResponse(searchParams: URLSearchParams, now: number): SimulatedResponse {
  const pair = lookUp(SIMULATED_PAIRS, searchParams.get("pair"));
  const priceAt = lookUp(krakenMarket, pair?.symbol);
  if (pair === undefined || priceAt === undefined) {
    return { status: 200, body: { error: ["EQuery:Unknown asset pair"] } };
  }
  const intervalMs = Number(searchParams.get("interval")) * MINUTE_MS;
  const bars = barsUntil(priceAt, intervalMs, KRAKEN_BARS, now).map((bar) => [
    bar.startAt / 1000,
    ...[bar.open, bar.high, bar.low, bar.close, bar.close].map((price) => `${price}000`),
    BAR_VOLUME,
    7,
  ]);
  return { status: 200, body: { error: [], result: { [pair.key]: bars, last: now / 1000 } } };
}

/** Simulates Kraken: errors with HTTP 200, 5 decimals, and `o` as of midnight UTC. */
export const simulatedKraken: SimulatedUpstream = {
  host: "api.kraken.com",
  latencyMs: { min: 10, max: 20 },
  respond({ pathname, searchParams }, now) {
    if (pathname.endsWith("/OHLC")) return barsResponse(searchParams, now);
    const result: Record<string, unknown> = {};
    for (const name of searchParams.get("pair")?.split(",") ?? []) {
      const pair = lookUp(SIMULATED_PAIRS, name);
      const priceAt = lookUp(krakenMarket, pair?.symbol);
      if (pair === undefined || priceAt === undefined) {
        return { status: 200, body: { error: ["EQuery:Unknown asset pair"] } };
      }
      const last = `${priceAt(now)}000`;
      result[pair.key] = {
        a: [last, "1", "1.000"],
        b: [last, "1", "1.000"],
        c: [last, "0.01"],
        o: `${priceAt(now - now % DAY_MS)}000`,
      };
    }
    return { status: 200, body: { error: [], result } };
  },
};
