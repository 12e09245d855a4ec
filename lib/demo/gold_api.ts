/**
 * gold-api.com, simulated: `/price/{metal}`.
 *
 * @module
 */
import { isoTime } from "../core/time.ts";
import { createSimulatedMarket } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

const METAL_NAMES: Readonly<Record<string, string>> = { XAU: "Gold", XAG: "Silver" };

const goldApiMarket = createSimulatedMarket(0);

/** Simulates gold-api.com: bare numbers, no previous close, and whole seconds in ISO 8601. */
export const simulatedGoldApi: SimulatedUpstream = {
  host: "api.gold-api.com",
  latencyMs: { min: 10, max: 30 },
  respond({ pathname }, now) {
    const symbol = /^\/price\/([A-Z]+)$/.exec(pathname)?.[1];
    const name = lookUp(METAL_NAMES, symbol);
    const priceAt = lookUp(goldApiMarket, `${symbol}-USD`);
    if (priceAt === undefined || name === undefined) {
      return { status: 404, body: { error: "Symbol not found" } };
    }
    const tradedAt = lastSpotTrade(now);
    return {
      status: 200,
      body: {
        currency: "USD",
        currencySymbol: "$",
        exchangeRate: 1,
        name,
        price: Number(priceAt(tradedAt)),
        symbol,
        updatedAt: isoTime(tradedAt).replace(/\.\d+Z$/, "Z"),
        updatedAtReadable: "a few seconds ago",
      },
    };
  },
};
