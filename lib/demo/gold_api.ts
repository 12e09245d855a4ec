/**
 * gold-api.com, simulated: `/price/{metal}`.
 *
 * @module
 */
import { isoTime } from "../core/time.ts";
import { type DemoInstrument, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

/** Creates a simulation of gold-api.com: bare numbers, no previous close, and whole seconds in ISO 8601. */
export function createSimulatedGoldApi(instruments: readonly DemoInstrument[]): SimulatedUpstream {
  const listings = listingsOf(instruments, "gold-api", 0);
  return {
    host: "api.gold-api.com",
    latencyMs: { min: 10, max: 30 },
    prices: {
      provider: "gold-api",
      pathOf: (metal) => `/price/${metal}`,
      priceAt: (metal, ms) => listings[metal]?.priceAt(lastSpotTrade(ms)),
    },
    respond({ pathname }, now) {
      const symbol = /^\/price\/([A-Z]+)$/.exec(pathname)?.[1];
      const listing = lookUp(listings, symbol);
      if (listing === undefined) return { status: 404, body: { error: "Symbol not found" } };
      const tradedAt = lastSpotTrade(now);
      return {
        status: 200,
        body: {
          currency: "USD",
          currencySymbol: "$",
          exchangeRate: 1,
          name: listing.instrument.name,
          price: Number(listing.priceAt(tradedAt)),
          symbol,
          updatedAt: isoTime(tradedAt).replace(/\.\d+Z$/, "Z"),
          updatedAtReadable: "a few seconds ago",
        },
      };
    },
  };
}
