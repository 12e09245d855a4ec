/**
 * CoinGecko, simulated: `/api/v3/simple/price`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";

const COINGECKO_SYMBOLS: Readonly<Record<string, string>> = {
  bitcoin: "BTC-USD",
  ethereum: "ETH-USD",
};

const coingeckoMarket = marketOf(2);

/** Simulates CoinGecko: bare numbers, seconds, and silence about unknown ids. */
export const simulatedCoinGecko: SimulatedUpstream = {
  host: "api.coingecko.com",
  latencyMs: { least: 10, most: 30 },
  answer({ searchParams }, now) {
    const body: Record<string, unknown> = {};
    for (const id of searchParams.get("ids")?.split(",") ?? []) {
      const priceAt = coingeckoMarket[COINGECKO_SYMBOLS[id] ?? ""];
      if (!priceAt) continue;
      const [usd, before] = [Number(priceAt(now)), Number(priceAt(now - DAY_MS))];
      body[id] = {
        usd,
        usd_24h_change: (usd - before) / before * 100,
        last_updated_at: Math.floor(now / 1000),
      };
    }
    return { status: 200, body };
  },
};
