/**
 * The market as a client or the log shows it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { z } from "zod";
import { parse, QUOTE, QUOTES } from "../support/shapes.ts";

/** Quotes and how their providers are doing, as far as both are compared. */
export interface ShownMarket {
  /** By symbol. */
  readonly quotes: ReadonlyMap<string, Quote>;
  /** By provider. */
  readonly states: ReadonlyMap<string, string>;
  /** Marks a new connection: times may begin again. */
  reconnect(): void;
  /** Takes an event. @throws {Error} If it takes a quote back in time, on one connection. */
  take(event: { readonly type: string; readonly json: string }): void;
}

type Quote = z.infer<typeof QUOTE>;

const STATUS = z.object({ provider: z.string(), state: z.string() });

/** Creates an empty market. */
export function createShownMarket(): ShownMarket {
  const quotes = new Map<string, Quote>();
  const states = new Map<string, string>();
  const newest = new Map<string, string>();

  function takeQuote(quote: Quote): void {
    const { symbol, received_at } = quote;
    const before = newest.get(symbol) ?? "";
    assert(received_at >= before, `${symbol} went back from ${before} to ${received_at}`);
    newest.set(symbol, received_at);
    quotes.set(symbol, quote);
  }

  function takeStatus({ provider, state }: z.infer<typeof STATUS>): void {
    states.set(provider, state);
  }

  return {
    quotes,
    states,
    reconnect: () => newest.clear(),
    take({ type, json }) {
      if (type === "quote") takeQuote(parse(QUOTE, json));
      if (type === "status") takeStatus(parse(STATUS, json));
      if (type !== "snapshot") return;
      const snapshot = parse(QUOTES, json);
      snapshot.quotes.forEach(takeQuote);
      snapshot.status.forEach(takeStatus);
    },
  };
}

/**
 * Describes a difference between a client's market and the log's; "" if there is none. An isolate fetches quotes
 * without the others while the store is unavailable: the same price with a later time is no difference.
 */
export function difference(shown: ShownMarket, log: ShownMarket): string {
  if (log.quotes.size === 0) return "the log holds no quote";
  for (const [symbol, quote] of log.quotes) {
    const shownQuote = shown.quotes.get(symbol);
    if (shownQuote?.price === quote.price && shownQuote.received_at >= quote.received_at) continue;
    return `shows ${JSON.stringify(shownQuote)}, the log holds ${JSON.stringify(quote)}`;
  }
  for (const [provider, state] of log.states) {
    const shownState = shown.states.get(provider);
    if (shownState !== state) return `shows ${provider} as ${shownState}, the log holds ${state}`;
  }
  return "";
}
