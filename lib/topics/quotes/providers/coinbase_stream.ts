/**
 * The WebSocket of Coinbase Exchange: no key, a message for each trade, and a heartbeat of each product per second.
 * https://docs.cdp.coinbase.com/exchange/websocket-feed/channels
 *
 * @module
 */
import { z } from "zod";
import { changeSince, errorBody, Price, ROUND_THE_CLOCK, type Tickers } from "./provider.ts";
import {
  createSymbolLookup,
  HEARTBEAT_SILENCE_MS,
  type ProviderStream,
  type StreamEvent,
} from "./provider_stream.ts";

const CoinbaseMessage = z.object({
  type: z.string(),
  product_id: z.string().optional(),
  /** Of an error, such as "ABC-USD is not a valid product". */
  reason: z.string().optional(),
});

/** `open_24h` is the price 24 hours ago. */
const CoinbaseTick = z.object({
  sequence: z.number(),
  price: Price,
  time: z.iso.datetime(),
  open_24h: Price.nullable().catch(null),
});

/** Creates the stream of Coinbase. @param tickers Products. */
export function createCoinbaseStream(tickers: Tickers): ProviderStream {
  const symbolOf = createSymbolLookup(tickers);

  function parseTick(symbol: string, message: unknown): StreamEvent {
    const tick = CoinbaseTick.safeParse(message);
    if (!tick.success) return { type: "unreadable", symbol };
    const { sequence, price, time, open_24h } = tick.data;
    const change = open_24h === null
      ? {}
      : { ...changeSince(open_24h, price), basis: "rolling_24h" } as const;
    return {
      type: "price",
      price: { symbol, sequence, price, as_of: time, ...change, ...ROUND_THE_CLOCK },
    };
  }

  /**
   * Parses an error that names products.
   *
   * @throws {UpstreamFailure} If it names none.
   */
  function parseRefusal(reason: string): StreamEvent[] {
    const symbols = reason.split(/[^\w-]+/).map(symbolOf).filter((symbol) => symbol !== undefined);
    if (symbols.length === 0) throw errorBody("Coinbase", 200);
    return symbols.map((symbol) => ({ type: "refused", symbol }));
  }

  return {
    url: "wss://ws-feed.exchange.coinbase.com",
    maxSilenceMs: HEARTBEAT_SILENCE_MS,
    // An invalid product refuses its whole message, so each product has its own.
    subscribe: (symbols) =>
      symbols.map((symbol) =>
        JSON.stringify({
          type: "subscribe",
          product_ids: [tickers[symbol]],
          channels: ["ticker", "heartbeat"],
        })
      ),
    parse(text) {
      const message: unknown = JSON.parse(text);
      const { type, product_id = "", reason = "" } = CoinbaseMessage.parse(message);
      const symbol = symbolOf(product_id);
      if (type === "error") return parseRefusal(reason);
      return type === "ticker" && symbol !== undefined ? [parseTick(symbol, message)] : [];
    },
  };
}
