/**
 * Coinbase Exchange, simulated: `/products/{id}/ticker`, `/products/{id}/stats` and `/products/{id}/candles`.
 *
 * @module
 */
import { DAY_MS, isoTime } from "../core/time.ts";
import { BAR_VOLUME, barsUntil } from "./bars.ts";
import { type DemoInstrument, listingsOf, type PriceAt } from "./market.ts";
import { lookUp, type SimulatedResponse, type SimulatedUpstream } from "./simulated_upstream.ts";

/** The candles of a response. */
const CANDLES = 300;

/** Responds with the candles up to `end`, newest first: start in seconds, low, high, open, close, volume. */
function candlesResponse(
  priceAt: PriceAt,
  searchParams: URLSearchParams,
  now: number,
): SimulatedResponse {
  const intervalMs = Number(searchParams.get("granularity")) * 1000;
  if (![60, 300, 900, 3600, 21_600, 86_400].includes(intervalMs / 1000)) {
    return { status: 400, body: { message: "Unsupported granularity" } };
  }
  const end = Date.parse(searchParams.get("end") ?? "") || now;
  const start = Date.parse(searchParams.get("start") ?? "") || -Infinity;
  const bars = barsUntil(priceAt, intervalMs, CANDLES, Math.min(end, now))
    .filter(({ startAt }) => startAt >= start)
    .map((
      { startAt, ...bar },
    ) => [startAt / 1000, ...[bar.low, bar.high, bar.open, bar.close, BAR_VOLUME].map(Number)]);
  return { status: 200, body: bars.toReversed() };
}

/** Creates a simulation of Coinbase. Like the real ones, its stats have more decimals than its ticker. */
export function createSimulatedCoinbase(instruments: readonly DemoInstrument[]): SimulatedUpstream {
  const listings = listingsOf(instruments, "coinbase", 0);
  return {
    host: "api.exchange.coinbase.com",
    latencyMs: { min: 5, max: 15 },
    prices: {
      provider: "coinbase",
      pathOf: (product) => `/products/${product}/ticker`,
      priceAt: (product, ms) => listings[product]?.priceAt(ms),
    },
    respond({ pathname, searchParams }, now) {
      const match = /^\/products\/([^/]+)\/(ticker|stats|candles)$/.exec(pathname);
      const priceAt = lookUp(listings, match?.[1])?.priceAt;
      if (priceAt === undefined) return { status: 404, body: { message: "NotFound" } };
      if (match?.[2] === "candles") return candlesResponse(priceAt, searchParams, now);
      const price = priceAt(now);
      if (match?.[2] === "stats") {
        const open = `${priceAt(now - DAY_MS)}000000`;
        const last = `${price}000000`;
        const [low, high] = Number(open) < Number(last) ? [open, last] : [last, open];
        return { status: 200, body: { open, high, low, volume: "8125.32114903", last } };
      }
      return {
        status: 200,
        body: { trade_id: now, price, size: "0.01", time: isoTime(now), bid: price, ask: price },
      };
    },
  };
}
