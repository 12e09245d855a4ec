/**
 * gold-api.com, simulated: `/price/{metal}`.
 *
 * @module
 */
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";
import { lastSpotTrade } from "./spot.ts";

const NAMES: Readonly<Record<string, string>> = { XAU: "Gold", XAG: "Silver" };

const goldApiMarket = marketOf(0);

/** Simulates gold-api.com: bare numbers, no previous close, and whole seconds in ISO 8601. */
export const simulatedGoldApi: SimulatedUpstream = {
  host: "api.gold-api.com",
  latencyMs: { least: 10, most: 30 },
  answer({ pathname }, now) {
    const symbol = /^\/price\/([A-Z]+)$/.exec(pathname)?.[1] ?? "";
    const priceAt = goldApiMarket[`${symbol}-USD`];
    const name = NAMES[symbol];
    if (priceAt === undefined || name === undefined) {
      return { status: 404, body: { error: "Symbol not found" } };
    }
    const at = lastSpotTrade(now);
    return {
      status: 200,
      body: {
        currency: "USD",
        currencySymbol: "$",
        exchangeRate: 1,
        name,
        price: Number(priceAt(at)),
        symbol,
        updatedAt: new Date(at).toISOString().replace(/\.\d+Z$/, "Z"),
        updatedAtReadable: "a few seconds ago",
      },
    };
  },
};
