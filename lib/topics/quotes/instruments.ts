/**
 * What is quoted. THE LIST of symbols: its order is the order of every table.
 *
 * @module
 */
import type { Quote } from "./quote.ts";

/** What a symbol is, whoever quotes it. */
export type Instrument = Pick<
  Quote,
  "symbol" | "name" | "class" | "currency" | "unit" | "decimals"
>;

const coin = { class: "crypto", currency: "USD", unit: "coin", decimals: 2 } as const;
const metal = { class: "metals", currency: "USD", unit: "troy_oz" } as const;
const crude = { class: "oil", currency: "USD", unit: "bbl", decimals: 2 } as const;
const index = { class: "indices", currency: "USD", unit: "points", decimals: 2 } as const;

/** All symbols, each with what does not change about it. */
export const INSTRUMENTS: readonly Instrument[] = [
  { symbol: "BTC-USD", name: "Bitcoin", ...coin },
  { symbol: "ETH-USD", name: "Ethereum", ...coin },
  { symbol: "XAU-USD", name: "Gold", ...metal, decimals: 2 },
  { symbol: "XAG-USD", name: "Silver", ...metal, decimals: 3 },
  { symbol: "BRENT", name: "Brent crude", ...crude },
  { symbol: "WTI", name: "WTI crude", ...crude },
  { symbol: "SPX", name: "S&P 500", ...index },
  { symbol: "DJI", name: "Dow Jones", ...index },
  { symbol: "IXIC", name: "Nasdaq Composite", ...index },
];

/** All symbols, in order. */
export const SYMBOLS: readonly string[] = INSTRUMENTS.map(({ symbol }) => symbol);

/**
 * What is known of a symbol.
 *
 * @throws {RangeError} If it is none of {@linkcode SYMBOLS}.
 */
export function instrumentOf(symbol: string): Instrument {
  const instrument = INSTRUMENTS.find((each) => each.symbol === symbol);
  if (instrument === undefined) throw new RangeError(`Cannot quote ${symbol}: unknown symbol`);
  return instrument;
}
