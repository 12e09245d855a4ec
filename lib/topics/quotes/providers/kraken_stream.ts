/**
 * The WebSocket of Kraken, version 2: no key, a message for each trade, and a heartbeat per second.
 * https://docs.kraken.com/api/docs/websocket-v2/ticker
 *
 * @module
 */
import { z } from "zod";
import { parseKeepingDigits, subtract } from "./decimal.ts";
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

/** The currencies whose names differ between the two interfaces, by the name of the other one. */
const RENAMED: Readonly<Record<string, string>> = { XBT: "BTC", XDG: "DOGE" };

/**
 * Returns the name of a pair on the WebSocket.
 *
 * @param pair A name of the REST interface, such as `XBTUSD`, `XXBTZUSD` or `XBT/USD`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(streamNameOf("XBTUSD"), "BTC/USD");
 * ```
 */
export function streamNameOf(pair: string): string {
  const match = /^X(\w{3})Z(\w{3})$/.exec(pair) ?? /^(\w+)\/(\w+)$/.exec(pair) ??
    /^(\w+?)(USD[TC]|[A-Z]{3})$/.exec(pair);
  const [, base = pair, quote = ""] = match ?? [];
  return `${RENAMED[base] ?? base}/${RENAMED[quote] ?? quote}`;
}

const KrakenMessage = z.object({
  channel: z.string().optional(),
  data: z.array(z.unknown()).catch([]),
  /** Of a reply to a subscription. */
  success: z.boolean().optional(),
  error: z.string().optional(),
  symbol: z.string().optional(),
});

/** `change` is measured from the price 24 hours ago. The time is sometimes absent. */
const KrakenTick = z.object({
  last: StreamPrice,
  change: NumberOrNull,
  high: NumberOrNull,
  low: NumberOrNull,
  volume: NumberOrNull,
  bid: NumberOrNull,
  ask: NumberOrNull,
  timestamp: z.iso.datetime().nullable().catch(null),
});

const KrakenSymbol = z.object({ symbol: z.string() });

/** Creates the stream of Kraken. @param tickers Pairs. */
export function createKrakenStream(tickers: Tickers): ProviderStream {
  const pairs: Tickers = Object.fromEntries(
    Object.entries(tickers).map(([symbol, pair]) => [symbol, streamNameOf(pair)]),
  );
  const symbolOf = createSymbolLookup(pairs);

  function parseTick(data: unknown): ProviderStreamEvent[] {
    const symbol = symbolOf(KrakenSymbol.safeParse(data).data?.symbol ?? "");
    if (symbol === undefined) return [];
    const tick = KrakenTick.safeParse(data);
    if (!tick.success) return [{ type: "unreadable", symbol }];
    const { last, change, timestamp, ...figures } = tick.data;
    return [{
      type: "price",
      price: {
        symbol,
        price: last,
        as_of: timestamp,
        ...baselineFields(change === null ? null : subtract(last, change), "rolling_24h"),
        ...figures,
        ...ROUND_THE_CLOCK,
      },
    }];
  }

  /**
   * Parses the refusal of a subscription.
   *
   * @throws {UpstreamFailure} If it names no pair.
   */
  function parseRefusal(error: string, pair: string): ProviderStreamEvent[] {
    if (/already subscribed/i.test(error)) return [];
    const symbol = symbolOf(pair);
    if (symbol === undefined) throw errorBody("Kraken", 200);
    return [{ type: "refused", symbol }];
  }

  return {
    url: "wss://ws.kraken.com/v2",
    maxSilenceMs: HEARTBEAT_SILENCE_MS,
    subscribe: (symbols) => [JSON.stringify({
      method: "subscribe",
      params: {
        channel: "ticker",
        symbol: symbols.map((symbol) => pairs[symbol]),
        event_trigger: "trades",
        snapshot: true,
      },
    })],
    parse(text) {
      const { channel, data, success, error = "", symbol = "" } = KrakenMessage.parse(
        parseKeepingDigits(text),
      );
      if (success === false) return parseRefusal(error, symbol);
      return channel === "ticker" ? data.flatMap(parseTick) : [];
    },
  };
}
