/**
 * gold-api.com, simulated: `/price/{metal}`.
 *
 * @module
 */
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";

const HOUR_MS = 3_600_000;

/** Spot metals rest from Friday to Sunday, 22:00 UTC (an hour off in New York's summer); the first such Friday was 1970's. */
const WEEKEND = { firstMs: 46 * HOUR_MS, everyMs: 168 * HOUR_MS, lastsMs: 48 * HOUR_MS };

const NAMES: Readonly<Record<string, string>> = { XAU: "Gold", XAG: "Silver" };

const market = marketOf(0);

function lastTrade(ms: number): number {
  const { firstMs, everyMs, lastsMs } = WEEKEND;
  const since = (ms - firstMs) % everyMs;
  return since < lastsMs ? ms - since : ms;
}

/**
 * gold-api.com: bare numbers, no previous close, and whole seconds in ISO 8601. Its days are never sped up: it does not
 * tell them, so that all who ask go by the real ones.
 */
export const goldApi: SimulatedUpstream = {
  host: "api.gold-api.com",
  latencyMs: { least: 10, most: 30 },
  answer({ pathname }, now) {
    const symbol = /^\/price\/([A-Z]+)$/.exec(pathname)?.[1] ?? "";
    const priceAt = market[`${symbol}-USD`];
    const name = NAMES[symbol];
    if (priceAt === undefined || name === undefined) {
      return { status: 404, body: { error: "Symbol not found" } };
    }
    const at = lastTrade(now);
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
