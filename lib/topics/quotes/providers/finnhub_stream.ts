/**
 * The WebSocket of Finnhub: the trades of US shares, with a key. It has one connection per key, and a ping a minute.
 * https://finnhub.io/docs/api/websocket-trades
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

/** The longest silence, in ms: a ping and a half. */
const FINNHUB_SILENCE_MS = 90_000;

/** The symbols of a connection of the free plan. */
const MAX_FINNHUB_SYMBOLS = 50;

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const FinnhubMessage = z.object({ type: z.string(), data: z.array(z.unknown()).catch([]) });

const FinnhubSymbol = z.object({ s: z.string() });

/** A trade: price, and time in ms. */
const FinnhubTrade = z.object({
  p: StreamPrice,
  t: z.string().regex(/^\d{1,14}$/).transform((ms) => isoTime(Number(ms))),
});

/** Creates the stream of Finnhub. @param tickers Symbols. */
export function createFinnhubStream(tickers: Tickers, key: string): ProviderStream {
  const symbolOf = createSymbolLookup(tickers);

  function parseTrade(data: unknown): ProviderStreamEvent[] {
    const symbol = symbolOf(FinnhubSymbol.safeParse(data).data?.s ?? "");
    if (symbol === undefined) return [];
    const trade = FinnhubTrade.safeParse(data);
    return trade.success
      ? [{ type: "price", price: { symbol, price: trade.data.p, as_of: trade.data.t } }]
      : [{ type: "unreadable", symbol }];
  }

  return {
    url: `wss://ws.finnhub.io/?token=${encodeURIComponent(key)}`,
    maxSilenceMs: FINNHUB_SILENCE_MS,
    maxSymbols: MAX_FINNHUB_SYMBOLS,
    hasPriceOnly: true,
    subscribe: (symbols) =>
      symbols.map((symbol) => JSON.stringify({ type: "subscribe", symbol: tickers[symbol] })),
    parse(text) {
      const { type, data } = FinnhubMessage.parse(parseKeepingDigits(text));
      if (type === "error") throw errorBody("Finnhub", 200);
      return type === "trade" ? data.flatMap(parseTrade) : [];
    },
  };
}
