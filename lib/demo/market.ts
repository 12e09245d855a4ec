/**
 * The market all simulated upstreams tell of.
 *
 * @module
 */
import type { Market } from "./simulated.ts";
import { createWalk, type WalkOptions } from "./walk.ts";

/** THE LIST of walks, by symbol. */
const WALKS: Readonly<Record<string, WalkOptions>> = {
  "BTC-USD": { seed: 1, middle: 97_000, swing: 0.04 },
  "ETH-USD": { seed: 2, middle: 3_400, swing: 0.05 },
};

/** How far an upstream may be off, as a share of the price: no two exchanges agree to the cent. */
const SPREAD = 0.0002;

/**
 * The market as one upstream sees it.
 *
 * @param seed Tells upstreams apart: 0 sees it as it is.
 */
export function marketOf(seed: number): Market {
  return Object.fromEntries(
    Object.entries(WALKS).map(([symbol, options]) => {
      const price = createWalk(options);
      const off = createWalk({ seed: 100 * seed + options.seed, middle: 1, swing: SPREAD });
      return [symbol, (ms: number) => (price(ms) * (seed === 0 ? 1 : off(ms))).toFixed(2)];
    }),
  );
}
