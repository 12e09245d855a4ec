/**
 * CoinGecko, simulated: `/api/v3/simple/price`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { type DemoInstrument, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

/** Creates a simulation of CoinGecko: bare numbers, times in seconds, and no entry for an unknown id. */
export function createSimulatedCoinGecko(
  instruments: readonly DemoInstrument[],
): SimulatedUpstream {
  const listings = listingsOf(instruments, "coingecko", 2);
  return {
    host: "api.coingecko.com",
    latencyMs: { min: 10, max: 30 },
    respond({ searchParams }, now) {
      const body: Record<string, unknown> = {};
      for (const id of searchParams.get("ids")?.split(",") ?? []) {
        const priceAt = lookUp(listings, id)?.priceAt;
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
}
