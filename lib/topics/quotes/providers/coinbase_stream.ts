/**
 * The WebSocket of Coinbase Exchange: no key, a message for each trade, and a heartbeat of each product per second.
 * https://docs.cdp.coinbase.com/exchange/websocket-feed/channels
 *
 * @module
 */
import { z } from "zod";
import {
  baselineFields,
  errorBody,
  NumberOrNull,
  type ProviderStream,
  type ProviderStreamEvent,
  ROUND_THE_CLOCK,
  type Tickers,
} from "./provider.ts";
import { createSymbolLookup, HEARTBEAT_SILENCE_MS, StreamPrice } from "./provider_stream.ts";

const CoinbaseMessage = z.object({
  type: z.string(),
  product_id: z.string().optional(),
  /** Of an error, such as "ABC-USD is not a valid product". */
  reason: z.string().optional(),
});

/** `open_24h` is the price 24 hours ago. */
const CoinbaseTick = z.object({
  sequence: z.number(),
  price: StreamPrice,
  time: z.iso.datetime(),
  open_24h: NumberOrNull,
  high_24h: NumberOrNull,
  low_24h: NumberOrNull,
  volume_24h: NumberOrNull,
  best_bid: NumberOrNull,
  best_ask: NumberOrNull,
});

/** Creates the stream of Coinbase. @param tickers Products. */
export function createCoinbaseStream(tickers: Tickers): ProviderStream {
  const symbolOf = createSymbolLookup(tickers);

  function parseTick(symbol: string, message: unknown): ProviderStreamEvent {
    const tick = CoinbaseTick.safeParse(message);
    if (!tick.success) return { type: "unreadable", symbol };
    const { data } = tick;
    return {
      type: "price",
      price: {
        symbol,
        sequence: data.sequence,
        price: data.price,
        as_of: data.time,
        ...baselineFields(data.open_24h, "rolling_24h"),
        high: data.high_24h,
        low: data.low_24h,
        volume: data.volume_24h,
        bid: data.best_bid,
        ask: data.best_ask,
        ...ROUND_THE_CLOCK,
      },
    };
  }

  /**
   * Parses an error that names products.
   *
   * @throws {UpstreamFailure} If it names none.
   */
  function parseRefusal(reason: string): ProviderStreamEvent[] {
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
