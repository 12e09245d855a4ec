/**
 * The market that all simulated upstreams share: each instrument of the server has a price at any time.
 *
 * @module
 */
import type { DemoPace } from "./calendar.ts";
import { createWalk, type WalkOptions } from "./walk.ts";

/** An instrument of the server, as simulated upstreams list it. */
export interface DemoInstrument {
  readonly symbol: string;
  readonly name: string;
  readonly class: string;
  readonly currency: string;
  readonly unit: string;
  readonly decimals: number;
  /** Its names at providers, by the name of the provider. */
  readonly tickers: Readonly<Record<string, string>>;
}

/** Returns the price at a wall time in ms, with the decimals of its market. */
export type PriceAt = (ms: number) => string;

/** An instrument at one upstream. */
export interface Listing {
  readonly instrument: DemoInstrument;
  readonly priceAt: PriceAt;
}

/** The instruments of an upstream, by the upstream's own names. */
export type Listings = Readonly<Record<string, Listing>>;

/** The course of the prices of a class. */
interface ClassCourse {
  /** The typical price, in units of the last decimal that is shown. */
  readonly steps: number;
  readonly swing: number;
  /** The fewest decimals that upstreams send. */
  readonly minDecimals: number;
}

const COURSES: Readonly<Record<string, ClassCourse>> = {
  crypto: { steps: 15_000, swing: 0.05, minDecimals: 0 },
  metals: { steps: 90_000, swing: 0.02, minDecimals: 6 },
  oil: { steps: 7_000, swing: 0.03, minDecimals: 0 },
  energy: { steps: 2_600, swing: 0.03, minDecimals: 0 },
  indices: { steps: 900_000, swing: 0.015, minDecimals: 0 },
  equities: { steps: 19_000, swing: 0.025, minDecimals: 0 },
  fx: { steps: 11_000, swing: 0.006, minDecimals: 5 },
  rates: { steps: 4_100, swing: 0.02, minDecimals: 4 },
};

const OTHER_COURSE: ClassCourse = { steps: 5_000, swing: 0.02, minDecimals: 0 };

/** Well-known prices, by symbol. Every other instrument has a price that is typical of its class. */
const KNOWN_COURSES: Readonly<Record<string, Partial<WalkOptions>>> = {
  "BTC-USD": { seed: 1, mean: 97_000, swing: 0.04 },
  "ETH-USD": { seed: 2, mean: 3_400 },
  "XAU-USD": { seed: 3, mean: 4_165, swing: 0.015 },
  "XAG-USD": { seed: 4, mean: 62, swing: 0.025 },
  BRENT: { seed: 5, mean: 71 },
  WTI: { seed: 6, mean: 67 },
  SPX: { seed: 7, mean: 7_740 },
  DJI: { seed: 8, mean: 52_100, swing: 0.012 },
  IXIC: { seed: 9, mean: 26_800, swing: 0.02 },
  "SOL-USD": { mean: 162 },
  "XRP-USD": { mean: 2.3 },
  "BNB-USD": { mean: 890 },
  "DOGE-USD": { mean: 0.19 },
  "ADA-USD": { mean: 0.62 },
  "XPT-USD": { mean: 1_540 },
  "XPD-USD": { mean: 1_420 },
  COPPER: { mean: 5 },
  GASOLINE: { mean: 2.1 },
  "HEATING-OIL": { mean: 2.4 },
  NDX: { mean: 25_900 },
  VIX: { mean: 17, swing: 0.05 },
  FTSE: { mean: 9_700 },
  DAX: { mean: 24_100 },
  N225: { mean: 51_000 },
  "USD-JPY": { mean: 152 },
  "EUR-JPY": { mean: 176 },
  "GBP-JPY": { mean: 201 },
  "USD-KRW": { mean: 1_420 },
  "USD-INR": { mean: 88 },
};

/** Returns a number that depends on a symbol alone. */
function hashOf(symbol: string): number {
  let hash = 0x811c9dc5;
  for (const character of symbol) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}

/** The typical deviation of an upstream, as a share of the price, since no two exchanges agree to the cent. */
const DEVIATION = 0.0002;

const REAL_TIME: DemoPace = { startedAt: 0, speed: 1 };

/**
 * Creates the price of an instrument at one upstream.
 *
 * @param deviationSeed The seed of the upstream's deviation from the exact price. 0 stands for no deviation.
 * @param pace The pace of markets with trading hours.
 */
export function createPrice(
  { symbol, class: className, decimals }: DemoInstrument,
  deviationSeed: number,
  { startedAt, speed }: DemoPace = REAL_TIME,
): PriceAt {
  const { steps, swing, minDecimals } = COURSES[className] ?? OTHER_COURSE;
  const hash = hashOf(symbol);
  // The typical price of the class, times 0.5 to 1.5.
  const course = {
    seed: hash,
    mean: steps * 10 ** -decimals * (0.5 + hash % 1000 / 1000),
    swing,
    ...KNOWN_COURSES[symbol],
  };
  const walk = createWalk(course);
  const deviation = createWalk({
    seed: 100 * deviationSeed + course.seed,
    mean: 1,
    swing: DEVIATION,
  });
  const sentDecimals = Math.max(decimals, minDecimals);
  return (ms) => {
    const exact = walk(startedAt + (ms - startedAt) * speed);
    return (deviationSeed === 0 ? exact : exact * deviation(ms)).toFixed(sentDecimals);
  };
}

/**
 * Lists the instruments that an upstream has.
 *
 * @param provider The name of its provider.
 * @param deviationSeed As of {@linkcode createPrice}.
 */
export function listingsOf(
  instruments: readonly DemoInstrument[],
  provider: string,
  deviationSeed: number,
  pace?: DemoPace,
): Listings {
  return Object.fromEntries(instruments.flatMap((instrument) => {
    const ticker = instrument.tickers[provider];
    if (ticker === undefined) return [];
    return [[ticker, { instrument, priceAt: createPrice(instrument, deviationSeed, pace) }]];
  }));
}
