/**
 * The WebSocket of Alpaca: the trades of US shares on IEX, with a key. It has one connection per key, and no heartbeat.
 * https://docs.alpaca.markets/docs/real-time-stock-pricing-data
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  errorBody,
  type ProviderStream,
  type ProviderStreamEvent,
  type Tickers,
} from "./provider.ts";
import { createSymbolLookup, StreamPrice } from "./provider_stream.ts";

/** The longest silence, in ms. Connections of shares that trade rarely are replaced now and then. */
const ALPACA_SILENCE_MS = 120_000;

/** The symbols of a connection of the free plan. */
const MAX_ALPACA_STREAM_SYMBOLS = 30;

/** The times of messages have nanoseconds. */
const AlpacaStreamTime = z.iso.datetime({ offset: true })
  .transform((time) => isoTime(Date.parse(time)));

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const AlpacaMessage = z.object({
  T: z.string(),
  S: z.string().catch(""),
  msg: z.string().optional(),
});

const AlpacaTrade = z.object({ p: StreamPrice, t: AlpacaStreamTime });

/** Creates the stream of Alpaca. @param tickers Symbols. */
export function createAlpacaStream(
  tickers: Tickers,
  { id, secret }: { readonly id: string; readonly secret: string },
): ProviderStream {
  const symbolOf = createSymbolLookup(tickers);

  function parseMessage(data: unknown): ProviderStreamEvent[] {
    const { T: type, S: ticker, msg } = AlpacaMessage.parse(data);
    const symbol = symbolOf(ticker);
    if (type === "error") throw errorBody("Alpaca", 200);
    if (type === "success" && msg === "authenticated") return [{ type: "ready" }];
    if (type !== "t" || symbol === undefined) return [];
    const trade = AlpacaTrade.safeParse(data);
    return trade.success
      ? [{ type: "price", price: { symbol, price: trade.data.p, as_of: trade.data.t } }]
      : [{ type: "unreadable", symbol }];
  }

  return {
    url: "wss://stream.data.alpaca.markets/v2/iex",
    maxSilenceMs: ALPACA_SILENCE_MS,
    maxSymbols: MAX_ALPACA_STREAM_SYMBOLS,
    hasPriceOnly: true,
    login: JSON.stringify({ action: "auth", key: id, secret }),
    subscribe: (symbols) => [JSON.stringify({
      action: "subscribe",
      trades: symbols.map((symbol) => tickers[symbol]),
    })],
    parse: (text) => z.array(z.unknown()).parse(parseKeepingDigits(text)).flatMap(parseMessage),
  };
}
