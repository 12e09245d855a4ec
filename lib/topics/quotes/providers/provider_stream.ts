/**
 * The interface of provider streams. A stream turns the messages of a WebSocket into prices.
 *
 * @module
 */
import type { Reading, Receipt, Tickers } from "./provider.ts";

/** A price of a stream: the fields of a reading that the message contains. */
export interface StreamedPrice
  extends
    Pick<Reading, "symbol" | "price" | "as_of">,
    Partial<Omit<Reading, keyof Receipt | "symbol" | "price" | "as_of">> {
  /** The position in the order of the symbol's messages, if the provider numbers them. */
  readonly sequence?: number;
}

/**
 * An event that a message contains.
 *
 * | type         | means                                                                    |
 * | ------------ | ------------------------------------------------------------------------ |
 * | `price`      | a new price                                                              |
 * | `ready`      | the login was accepted, so symbols may be subscribed                     |
 * | `refused`    | the stream does not carry the symbol, so it is polled                    |
 * | `unreadable` | the price of the symbol cannot be read, so it is polled until a new one  |
 */
export type StreamEvent =
  | { readonly type: "price"; readonly price: StreamedPrice }
  | { readonly type: "ready" }
  | { readonly type: "refused" | "unreadable"; readonly symbol: string };

/**
 * The silence after which a connection with a heartbeat per second counts as broken, in ms. A poll that follows is over
 * before a quote is stale.
 */
export const HEARTBEAT_SILENCE_MS = 5000;

/** The stream of a provider: one WebSocket for all its symbols. */
export interface ProviderStream {
  /** It may contain a key, so it is never logged. */
  readonly url: string;
  /** The silence after which a connection counts as broken, in ms: a multiple of the time between two heartbeats. */
  readonly maxSilenceMs: number;
  /** The largest number of symbols that the provider's terms allow. Further symbols are polled. No limit by default. */
  readonly maxSymbols?: number;
  /** The message that a new connection begins with. Symbols are subscribed after `ready`: without a login, at once. */
  readonly login?: string;
  /** True if messages contain nothing but a price, so the day's figures are polled now and then. */
  readonly hasPriceOnly?: boolean;
  /** Returns the messages that subscribe symbols. */
  subscribe(symbols: readonly string[]): readonly string[];
  /**
   * Parses a message. Messages of other kinds, such as heartbeats, contain no event.
   *
   * @throws If the connection is of no use: the message is not JSON, or it states an error.
   */
  parse(message: string): readonly StreamEvent[];
}

/** Returns a function that looks up the symbol of a ticker: undefined for a ticker that was not asked for. */
export function createSymbolLookup(tickers: Tickers): (ticker: string) => string | undefined {
  const symbols = new Map(Object.entries(tickers).map(([symbol, ticker]) => [ticker, symbol]));
  return (ticker) => symbols.get(ticker);
}
