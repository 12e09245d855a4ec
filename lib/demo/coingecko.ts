/**
 * CoinGecko, simulated: `/api/v3/simple/price`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { createSimulatedMarket } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

const COINGECKO_SYMBOLS: Readonly<Record<string, string>> = {
  bitcoin: "BTC-USD",
  ethereum: "ETH-USD",
};

const coingeckoMarket = createSimulatedMarket(2);

/** Simulates CoinGecko: bare numbers, times in seconds, and no entry for an unknown id. */
export const simulatedCoinGecko: SimulatedUpstream = {
  host: "api.coingecko.com",
  latencyMs: { min: 10, max: 30 },
  respond({ searchParams }, now) {
    const body: Record<string, unknown> = {};
    for (const id of searchParams.get("ids")?.split(",") ?? []) {
      const priceAt = lookUp(coingeckoMarket, lookUp(COINGECKO_SYMBOLS, id));
      if (priceAt === undefined) continue;
      const [usd, previous] = [Number(priceAt(now)), Number(priceAt(now - DAY_MS))];
      body[id] = {
        usd,
        usd_24h_change: (usd - previous) / previous * 100,
        last_updated_at: Math.floor(now / 1000),
      };
    }
    return { status: 200, body };
  },
};
