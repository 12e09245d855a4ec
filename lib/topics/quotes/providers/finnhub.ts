/**
 * Finnhub's free plan: US shares and funds in real time, 60 calls a minute, one symbol a call. It has no indices.
 * https://finnhub.io/docs/api/quote
 *
 * @module
 */
import { z } from "zod";
import { isoTime, MINUTE_MS } from "../../../core/time.ts";
import { createFinnhubStream } from "./finnhub_stream.ts";
import { isZero, parseKeepingDigits } from "./decimal.ts";
import type { CallLimit } from "../../../upstream/pace.ts";
import {
  baselineFields,
  getFresh,
  NO_FIGURES,
  NumberOrNull,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
  unknownTicker,
} from "./provider.ts";

const FINNHUB_QUOTE_URL = "https://finnhub.io/api/v1/quote";

/** The calls of the free plan, and those of any plan. */
const FINNHUB_LIMITS: readonly CallLimit[] = [
  { calls: 60, perMs: MINUTE_MS },
  { calls: 30, perMs: 1000 },
];

/** The shortest interval. A share that trades less often than twice in this time is stale. */
const MIN_FINNHUB_INTERVAL_MS = 20_000;

/** A figure of the day. Zero stands for an unknown one. */
const FinnhubFigure = NumberOrNull.transform((figure) =>
  figure === null || isZero(figure) ? null : figure
);

/** Seconds. Zero stands for an unknown ticker. */
const FinnhubTime = z.string().regex(/^\d{1,11}$/).transform((seconds) => Number(seconds) * 1000);

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const FinnhubQuote = z.object({
  c: PlainNumber,
  h: FinnhubFigure,
  l: FinnhubFigure,
  o: FinnhubFigure,
  pc: FinnhubFigure,
  t: FinnhubTime,
});

/** Creates Finnhub, the first choice for US shares with its key. It takes one request per symbol. */
export function createFinnhub(tickers: Tickers, key: string): Provider {
  return {
    name: "finnhub",
    title: "Finnhub",
    attribution: "Finnhub",
    symbols: Object.keys(tickers),
    // The limits make the interval of a long list longer.
    intervalMs: MIN_FINNHUB_INTERVAL_MS,
    closedIntervalMs: 5 * MINUTE_MS,
    ttlMs: 0.8 * MIN_FINNHUB_INTERVAL_MS,
    limits: FINNHUB_LIMITS,
    stream: createFinnhubStream(tickers, key),
    headers: { "x-finnhub-token": key },
    async read(upstream, symbol) {
      const ticker = tickerOf(tickers, symbol);
      const { value: quote, receipt } = await getFresh(
        upstream,
        `${FINNHUB_QUOTE_URL}?symbol=${encodeURIComponent(ticker)}`,
        (json) => FinnhubQuote.parse(parseKeepingDigits(json)),
      );
      if (quote.t === 0) throw unknownTicker("Finnhub", ticker);
      const { c: price, pc: previousClose, o: open, h: high, l: low, t: tradedAt } = quote;
      return {
        symbol,
        price,
        ...baselineFields(previousClose, "prev_close"),
        ...NO_FIGURES,
        ...{ open, high, low },
        session: null,
        as_of: isoTime(tradedAt),
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
  };
}
