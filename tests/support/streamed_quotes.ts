/**
 * The quotes that a stream shows, joined from its snapshots, ticks and days.
 *
 * @module
 */
import { Day, type Quote, QuotesSnapshot, Tick } from "../../lib/topics/quotes/quote.ts";
import {
  joinQuote,
  type QuoteConstants,
  toDay,
  toTick,
} from "../../lib/topics/quotes/quote_parts.ts";

/** The quotes of a stream. */
export interface StreamedQuotes {
  /** The newest quote of each symbol. */
  readonly quotes: ReadonlyMap<string, Quote>;
  /** Takes a frame, and returns the quotes that it contains or changes. */
  take(frame: { readonly event: string; readonly data: string }): readonly Quote[];
}

/** Creates the quotes of a stream without frames. */
export function createStreamedQuotes(constants: QuoteConstants): StreamedQuotes {
  const quotes = new Map<string, Quote>();
  const ticks = new Map<string, Tick>();
  const days = new Map<string, Day>();

  function join(symbol: string): readonly Quote[] {
    const quote = joinQuote(constants, ticks.get(symbol), days.get(symbol));
    if (quote === null) return [];
    quotes.set(symbol, quote);
    return [quote];
  }

  return {
    quotes,
    take({ event, data }) {
      const value = JSON.parse(data);
      if (event === "quote") {
        const tick = Tick.parse(value);
        ticks.set(tick.symbol, tick);
        return join(tick.symbol);
      }
      if (event === "day") {
        const day = Day.parse(value);
        days.set(day.symbol, day);
        return join(day.symbol);
      }
      if (event !== "snapshot") return [];
      const snapshot = QuotesSnapshot.parse(value);
      for (const quote of snapshot.quotes) {
        ticks.set(quote.symbol, toTick(quote));
        days.set(quote.symbol, toDay(quote));
        quotes.set(quote.symbol, quote);
      }
      return snapshot.quotes;
    },
  };
}
