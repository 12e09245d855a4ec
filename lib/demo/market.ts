/**
 * The market that all simulated upstreams share.
 *
 * @module
 */
import type { DemoPace } from "./calendar.ts";
import type { SimulatedMarket } from "./simulated.ts";
import { createWalk, type WalkOptions } from "./walk.ts";

interface Listing extends WalkOptions {
  readonly decimals: number;
  /** True if its days follow the demo's pace: only for upstreams whose answers contain the hours. */
  readonly tellsHours: boolean;
}

const coinListing = { decimals: 2, tellsHours: false };
const metalListing = { decimals: 6, tellsHours: false };
const listed = { decimals: 2, tellsHours: true };

/** THE LIST of walks, by symbol. */
const LISTINGS: Readonly<Record<string, Listing>> = {
  "BTC-USD": { seed: 1, middle: 97_000, swing: 0.04, ...coinListing },
  "ETH-USD": { seed: 2, middle: 3_400, swing: 0.05, ...coinListing },
  "XAU-USD": { seed: 3, middle: 4_165, swing: 0.015, ...metalListing },
  "XAG-USD": { seed: 4, middle: 62, swing: 0.025, ...metalListing },
  BRENT: { seed: 5, middle: 71, swing: 0.03, ...listed },
  WTI: { seed: 6, middle: 67, swing: 0.03, ...listed },
  SPX: { seed: 7, middle: 7_740, swing: 0.015, ...listed },
  DJI: { seed: 8, middle: 52_100, swing: 0.012, ...listed },
  IXIC: { seed: 9, middle: 26_800, swing: 0.02, ...listed },
};

/** The largest deviation of an upstream, as a share of the price: no two exchanges agree to the cent. */
const SPREAD = 0.0002;

const REAL_TIME: DemoPace = { startedAt: 0, speed: 1 };

/**
 * Creates the market as one upstream sees it.
 *
 * @param view The number of the upstream: 0 sees the exact prices.
 * @param pace The pace of markets with trading hours.
 */
export function marketOf(
  view: number,
  { startedAt, speed }: DemoPace = REAL_TIME,
): SimulatedMarket {
  return Object.fromEntries(
    Object.entries(LISTINGS).map(([symbol, { decimals, tellsHours, ...options }]) => {
      const price = createWalk(options);
      const off = createWalk({ seed: 100 * view + options.seed, middle: 1, swing: SPREAD });
      const timeOf = (ms: number) => tellsHours ? startedAt + (ms - startedAt) * speed : ms;
      const priceAt = (ms: number) => price(timeOf(ms)) * (view === 0 ? 1 : off(ms));
      return [symbol, (ms: number) => priceAt(ms).toFixed(decimals)];
    }),
  );
}
