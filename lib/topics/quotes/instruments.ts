/**
 * THE LIST of instruments. Every table has its order.
 *
 * @module
 */
import type { Tickers } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";

/** The constant properties of a symbol. */
export interface Instrument
  extends Pick<Quote, "symbol" | "name" | "class" | "currency" | "unit" | "decimals"> {
  /** The names that providers have for it, by the name of the provider. */
  readonly tickers: Tickers;
}

const COIN = { class: "crypto", currency: "USD", unit: "coin", decimals: 2 } as const;
const METAL = { class: "metals", currency: "USD", unit: "troy_oz" } as const;
const CRUDE = { class: "oil", currency: "USD", unit: "bbl", decimals: 2 } as const;
const STOCK_INDEX = { class: "indices", currency: "USD", unit: "points", decimals: 2 } as const;

/** All instruments, in order. */
export const INSTRUMENTS: readonly Instrument[] = [
  {
    symbol: "BTC-USD",
    name: "Bitcoin",
    ...COIN,
    tickers: { coinbase: "BTC-USD", kraken: "XBTUSD", coingecko: "bitcoin" },
  },
  {
    symbol: "ETH-USD",
    name: "Ethereum",
    ...COIN,
    tickers: { coinbase: "ETH-USD", kraken: "ETHUSD", coingecko: "ethereum" },
  },
  {
    symbol: "XAU-USD",
    name: "Gold",
    ...METAL,
    decimals: 2,
    tickers: { "gold-api": "XAU", "twelve-data": "XAU/USD" },
  },
  {
    symbol: "XAG-USD",
    name: "Silver",
    ...METAL,
    decimals: 3,
    tickers: { "gold-api": "XAG", "twelve-data": "XAG/USD" },
  },
  {
    symbol: "BRENT",
    name: "Brent crude",
    ...CRUDE,
    tickers: { yahoo: "BZ=F", fred: "DCOILBRENTEU" },
  },
  { symbol: "WTI", name: "WTI crude", ...CRUDE, tickers: { yahoo: "CL=F", fred: "DCOILWTICO" } },
  { symbol: "SPX", name: "S&P 500", ...STOCK_INDEX, tickers: { yahoo: "^GSPC", fred: "SP500" } },
  { symbol: "DJI", name: "Dow Jones", ...STOCK_INDEX, tickers: { yahoo: "^DJI", fred: "DJIA" } },
  {
    symbol: "IXIC",
    name: "Nasdaq Composite",
    ...STOCK_INDEX,
    tickers: { yahoo: "^IXIC", fred: "NASDAQCOM" },
  },
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
