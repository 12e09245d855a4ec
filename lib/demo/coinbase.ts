/**
 * Coinbase Exchange, simulated: `/products/{id}/ticker` and `/products/{id}/stats`.
 *
 * @module
 */
import { DAY_MS, isoTime } from "../core/time.ts";
import { createSimulatedMarket } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

const coinbaseMarket = createSimulatedMarket(0);

/** Simulates Coinbase. Like the real ones, its stats have 8 decimals and its ticker has 2. */
export const simulatedCoinbase: SimulatedUpstream = {
  host: "api.exchange.coinbase.com",
  latencyMs: { min: 5, max: 15 },
  respond({ pathname }, now) {
    const match = /^\/products\/([^/]+)\/(ticker|stats)$/.exec(pathname);
    const priceAt = lookUp(coinbaseMarket, match?.[1]);
    if (priceAt === undefined) return { status: 404, body: { message: "NotFound" } };
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
