/**
 * An instrument: the constant properties of a symbol.
 *
 * @module
 */
import type { HoursName } from "./market_hours.ts";
import { NO_DELAY, type Provider, type Tickers } from "./providers/provider.ts";
import type { Quote, WireInstrument } from "./quote.ts";

/** The constant properties of a symbol. */
export interface Instrument
  extends Pick<Quote, "symbol" | "name" | "class" | "currency" | "unit" | "decimals"> {
  /** The trading calendar. */
  readonly hours: HoursName;
  /** The names that providers have for it, by the name of the provider. */
  readonly tickers: Tickers;
}

/** Instruments by symbol, in order. */
export type Instruments = ReadonlyMap<string, Instrument>;

/**
 * Returns the instrument of a symbol.
 *
 * @throws {RangeError} If the symbol is not one of the instruments.
 */
export function instrumentOf(instruments: Instruments, symbol: string): Instrument {
  const instrument = instruments.get(symbol);
  if (instrument === undefined) throw new RangeError(`Cannot quote ${symbol}: unknown symbol`);
  return instrument;
}

/**
 * Describes an instrument to clients.
 *
 * @param providers In order of preference.
 * @param simulated True if all prices are simulated.
 */
export function describeInstrument(
  { tickers: _tickers, ...properties }: Instrument,
  providers: readonly Provider[],
  simulated: boolean,
): WireInstrument {
  const { symbol } = properties;
  const sources = providers.filter(({ symbols }) => symbols.includes(symbol))
    .map(({ name, attribution, delayOf }) => ({
      provider: name,
      attribution,
      ...(delayOf?.(symbol) ?? NO_DELAY),
    }));
  return { ...properties, sources, simulated };
}
