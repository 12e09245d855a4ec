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

/** All symbols, each with what does not change about it. */
export const INSTRUMENTS: readonly Instrument[] = [
  { symbol: "BTC-USD", name: "Bitcoin", ...coin },
  { symbol: "ETH-USD", name: "Ethereum", ...coin },
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
