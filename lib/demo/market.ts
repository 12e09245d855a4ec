/**
 * The market that all simulated upstreams share.
 *
 * @module
 */
import type { DemoPace } from "./calendar.ts";
import { createWalk, type WalkOptions } from "./walk.ts";

/** Returns the price at a wall time in ms, with the decimals of its market. */
export type PriceAt = (ms: number) => string;

/** The simulated prices, by symbol. */
export type SimulatedMarket = Readonly<Record<string, PriceAt>>;

/** The course of a symbol's price. */
interface Listing extends WalkOptions {
  readonly decimals: number;
  /** True if its days follow the demo's pace: only for upstreams that report trading hours. */
  readonly followsPace: boolean;
}

const COIN_LISTING = { decimals: 2, followsPace: false };
const METAL_LISTING = { decimals: 6, followsPace: false };
const EXCHANGE_LISTING = { decimals: 2, followsPace: true };

/** THE LIST of walks, by symbol. */
const LISTINGS: Readonly<Record<string, Listing>> = {
  "BTC-USD": { seed: 1, mean: 97_000, swing: 0.04, ...COIN_LISTING },
  "ETH-USD": { seed: 2, mean: 3_400, swing: 0.05, ...COIN_LISTING },
  "XAU-USD": { seed: 3, mean: 4_165, swing: 0.015, ...METAL_LISTING },
  "XAG-USD": { seed: 4, mean: 62, swing: 0.025, ...METAL_LISTING },
  BRENT: { seed: 5, mean: 71, swing: 0.03, ...EXCHANGE_LISTING },
  WTI: { seed: 6, mean: 67, swing: 0.03, ...EXCHANGE_LISTING },
  SPX: { seed: 7, mean: 7_740, swing: 0.015, ...EXCHANGE_LISTING },
  DJI: { seed: 8, mean: 52_100, swing: 0.012, ...EXCHANGE_LISTING },
  IXIC: { seed: 9, mean: 26_800, swing: 0.02, ...EXCHANGE_LISTING },
};

/** The typical deviation of an upstream, as a share of the price, since no two exchanges agree to the cent. */
const DEVIATION = 0.0002;

const REAL_TIME: DemoPace = { startedAt: 0, speed: 1 };

/**
 * Creates the market as one upstream sees it.
 *
 * @param deviationSeed The seed of the upstream's deviation from the exact prices. 0 stands for no deviation.
 * @param pace The pace of markets with trading hours.
 */
export function createSimulatedMarket(
  deviationSeed: number,
  { startedAt, speed }: DemoPace = REAL_TIME,
): SimulatedMarket {
  return Object.fromEntries(
    Object.entries(LISTINGS).map(([symbol, { decimals, followsPace, ...options }]) => {
      const walk = createWalk(options);
      const deviation = createWalk({
        seed: 100 * deviationSeed + options.seed,
        mean: 1,
        swing: DEVIATION,
      });
      const marketTime = (ms: number) => followsPace ? startedAt + (ms - startedAt) * speed : ms;
      const priceAt = (ms: number) =>
        walk(marketTime(ms)) * (deviationSeed === 0 ? 1 : deviation(ms));
      return [symbol, (ms: number) => priceAt(ms).toFixed(decimals)];
    }),
  );
}
