/**
 * Kraken, simulated: `/0/public/Ticker?pair=…`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";

/** The requested pairs: the key of each in the answer, and its symbol. */
const SIMULATED_PAIRS: Readonly<Record<string, { readonly key: string; readonly symbol: string }>> =
  {
    XBTUSD: { key: "XXBTZUSD", symbol: "BTC-USD" },
    ETHUSD: { key: "XETHZUSD", symbol: "ETH-USD" },
  };

const krakenMarket = marketOf(1);

/** Simulates Kraken: errors with HTTP 200, 5 decimals, and `o` as of midnight UTC. */
export const simulatedKraken: SimulatedUpstream = {
  host: "api.kraken.com",
  latencyMs: { least: 10, most: 20 },
  answer({ searchParams }, now) {
    const result: Record<string, unknown> = {};
    for (const name of searchParams.get("pair")?.split(",") ?? []) {
      const pair = SIMULATED_PAIRS[name];
      const priceAt = pair && krakenMarket[pair.symbol];
      if (!priceAt) return { status: 200, body: { error: ["EQuery:Unknown asset pair"] } };
      const [last, open] = [now, now - now % DAY_MS].map((ms) => `${priceAt(ms)}000`);
      result[pair.key] = {
        a: [last, "1", "1.000"],
        b: [last, "1", "1.000"],
        c: [last, "0.01"],
        o: open,
      };
    }
    return { status: 200, body: { error: [], result } };
  },
};
