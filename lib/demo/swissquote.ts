/**
 * Swissquote, simulated: `/public-quotes/bboquotes/instrument/{base}/{currency}`.
 *
 * @module
 */
import { type DemoInstrument, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";
import { lastSpotTrade } from "./spot.ts";

/** Half of the spread of each profile, as a share of the price. */
const HALF_SPREADS = { premium: 0.0001, prime: 0.00008, elite: 0.00006 };

/** Creates a simulation of Swissquote: one platform with three spreads of bare numbers, and the time in ms. */
export function createSimulatedSwissquote(
  instruments: readonly DemoInstrument[],
): SimulatedUpstream {
  const listings = listingsOf(instruments, "swissquote", 4);
  return {
    host: "forex-data-feed.swissquote.com",
    latencyMs: { min: 10, max: 30 },
    respond({ pathname }, now) {
      const pair = /\/instrument\/([A-Z]{3}\/[A-Z]{3})$/.exec(pathname)?.[1];
      const priceAt = lookUp(listings, pair)?.priceAt;
      if (priceAt === undefined) return { status: 404, body: { message: "Not Found" } };
      const ts = lastSpotTrade(now);
      const exact = priceAt(ts);
      const decimals = exact.split(".")[1]?.length ?? 0;
      const shifted = (share: number) => Number((Number(exact) * share).toFixed(decimals));
      const spreadProfilePrices = Object.entries(HALF_SPREADS).map(([spreadProfile, half]) => ({
        spreadProfile,
        bidSpread: 1,
        askSpread: 1,
        bid: shifted(1 - half),
        ask: shifted(1 + half),
      }));
      const topo = { platform: "SwissquoteLtd", server: "Live5" };
      return { status: 200, body: [{ topo, spreadProfilePrices, ts }] };
    },
  };
}
