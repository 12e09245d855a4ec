/**
 * Coinbase Exchange, simulated: `/products/{id}/ticker` and `/products/{id}/stats`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";

const coinbaseMarket = marketOf(0);

/** Simulates Coinbase. Its stats have 8 decimals where its ticker has 2, as the real ones. */
export const simulatedCoinbase: SimulatedUpstream = {
  host: "api.exchange.coinbase.com",
  latencyMs: { least: 5, most: 15 },
  answer({ pathname }, now) {
    const [, symbol = "", what = ""] = /^\/products\/([^/]+)\/(ticker|stats)$/.exec(pathname) ?? [];
    const priceAt = coinbaseMarket[symbol];
    if (priceAt === undefined) return { status: 404, body: { message: "NotFound" } };
    const price = priceAt(now);
    if (what === "stats") {
      const open = `${priceAt(now - DAY_MS)}000000`;
      const last = `${price}000000`;
      const [low, high] = [open, last].sort((a, b) => Number(a) - Number(b));
      return { status: 200, body: { open, high, low, volume: "8125.32114903", last } };
    }
    const time = new Date(now).toISOString();
    return {
      status: 200,
      body: { trade_id: now, price, size: "0.01", time, bid: price, ask: price },
    };
  },
};
