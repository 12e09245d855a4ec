/**
 * THE LIST of instruments. Every table has its order.
 *
 * @module
 */
import type { Quote } from "./quote.ts";

/** The constant properties of a symbol, independent of its source. */
export type Instrument = Pick<
  Quote,
  "symbol" | "name" | "class" | "currency" | "unit" | "decimals"
>;

const COIN = { class: "crypto", currency: "USD", unit: "coin", decimals: 2 } as const;
const METAL = { class: "metals", currency: "USD", unit: "troy_oz" } as const;
const CRUDE = { class: "oil", currency: "USD", unit: "bbl", decimals: 2 } as const;
const STOCK_INDEX = { class: "indices", currency: "USD", unit: "points", decimals: 2 } as const;

/** All instruments, in order. */
export const INSTRUMENTS: readonly Instrument[] = [
  { symbol: "BTC-USD", name: "Bitcoin", ...COIN },
  { symbol: "ETH-USD", name: "Ethereum", ...COIN },
  { symbol: "XAU-USD", name: "Gold", ...METAL, decimals: 2 },
  { symbol: "XAG-USD", name: "Silver", ...METAL, decimals: 3 },
  { symbol: "BRENT", name: "Brent crude", ...CRUDE },
  { symbol: "WTI", name: "WTI crude", ...CRUDE },
  { symbol: "SPX", name: "S&P 500", ...STOCK_INDEX },
  { symbol: "DJI", name: "Dow Jones", ...STOCK_INDEX },
  { symbol: "IXIC", name: "Nasdaq Composite", ...STOCK_INDEX },
];

/** All symbols, in order. */
export const SYMBOLS: readonly string[] = INSTRUMENTS.map(({ symbol }) => symbol);

/**
 * Returns the instrument of a symbol.
 *
 * @throws {RangeError} If the symbol is not one of {@linkcode SYMBOLS}.
 */
export function instrumentOf(symbol: string): Instrument {
  const instrument = INSTRUMENTS.find((candidate) => candidate.symbol === symbol);
  if (instrument === undefined) throw new RangeError(`Cannot quote ${symbol}: unknown symbol`);
  return instrument;
}
