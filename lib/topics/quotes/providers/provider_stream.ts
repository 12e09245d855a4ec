/**
 * The parts that provider streams share.
 *
 * @module
 */
import { isPositive } from "./decimal.ts";
import { PlainNumber, type Tickers } from "./provider.ts";

/**
 * The silence after which a connection with a heartbeat per second counts as broken, in ms. A poll that follows is over
 * before a quote is stale.
 */
export const HEARTBEAT_SILENCE_MS = 5000;

/** Validates a price above zero, the only ones of the markets that stream. */
export const StreamPrice = PlainNumber.refine(isPositive);

/** Returns a function that looks up the symbol of a ticker: undefined for a ticker that was not asked for. */
export function createSymbolLookup(tickers: Tickers): (ticker: string) => string | undefined {
  const symbols = new Map(Object.entries(tickers).map(([symbol, ticker]) => [ticker, symbol]));
  return (ticker) => symbols.get(ticker);
}
