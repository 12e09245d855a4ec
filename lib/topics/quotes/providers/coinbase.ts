/**
 * Coinbase Exchange: no key, decimal strings, 10 requests per second and address.
 * https://docs.cdp.coinbase.com/exchange/reference
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, isoTime, MINUTE_MS } from "../../../core/time.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import { type Bar, mergeBars } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import { parseKeepingDigits } from "./decimal.ts";
import { createCoinbaseStream } from "./coinbase_stream.ts";
import {
  baselineFields,
  EXCHANGE_PACE,
  getFresh,
  NO_FIGURES,
  NumberOrNull,
  parseBars,
  PlainNumber,
  type Provider,
  type ProviderHistory,
  ROUND_THE_CLOCK,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const COINBASE_PRODUCTS_URL = "https://api.exchange.coinbase.com/products";

const CoinbaseTicker = z.object({
  price: PlainNumber,
  time: z.iso.datetime({ offset: true }),
  bid: NumberOrNull,
  ask: NumberOrNull,
});

/** The figures of the last 24 hours. `open` is the price at their beginning. */
const CoinbaseStats = z.object({
  open: NumberOrNull,
  high: NumberOrNull,
  low: NumberOrNull,
  volume: NumberOrNull,
}).refine((stats) => Object.values(stats).some((figure) => figure !== null));

/** The longest age of statistics beside a price. A price needs none, and they change slowly. */
const MAX_STATS_AGE_MS = 5 * MINUTE_MS;

/** Gets the statistics of a product: none if there is no answer of the last minutes. Never rejects. */
async function getStats(upstream: Pick<Upstream, "get">, url: string) {
  const parse = (json: string) => CoinbaseStats.parse(parseKeepingDigits(json));
  return await upstream.get(url, parse).catch(() => null);
}

/** A candle has bare numbers: start in seconds, low, high, open, close, volume. */
const CoinbaseCandle = z.tuple([
  PlainNumber,
  PlainNumber,
  PlainNumber,
  PlainNumber,
  PlainNumber,
  PlainNumber,
])
  .transform((
    [startS, low, high, open, close, volume],
  ): Bar => [Number(startS) * 1000, open, high, low, close, volume]);

function parseCandles(json: string): Bar[] {
  return parseBars(z.array(z.unknown()).parse(parseKeepingDigits(json)), CoinbaseCandle);
}

/** The length of the candles that cover a range, in seconds. A response has the latest 300. */
const COINBASE_GRANULARITIES_S: Readonly<Record<HistoryRange, number>> = {
  "1h": 60,
  "1d": 300,
  "5d": 3600,
  "1mo": 21_600,
  "1y": 86_400,
};

/** Reads candles: the latest ones, and for a year also the days before them. */
async function readCandles(
  upstream: Pick<Upstream, "get">,
  product: string,
  range: HistoryRange,
): Promise<ProviderHistory> {
  const granularityS = COINBASE_GRANULARITIES_S[range];
  const url = `${COINBASE_PRODUCTS_URL}/${product}/candles?granularity=${granularityS}`;
  const { value: latest } = await getFresh(upstream, url, parseCandles);
  const oldestAt = latest.at(0)?.[0];
  if (range !== "1y" || oldestAt === undefined) {
    return { intervalMs: granularityS * 1000, bars: latest, prevClose: null };
  }
  const [start, end] = [oldestAt - 70 * DAY_MS, oldestAt - DAY_MS].map(isoTime);
  const { value: earlier } = await getFresh(
    upstream,
    `${url}&start=${start}&end=${end}`,
    parseCandles,
  );
  return { intervalMs: DAY_MS, bars: mergeBars(earlier, latest), prevClose: null };
}

/** Creates Coinbase, the first choice for crypto. It takes two requests per symbol. @param tickers Products. */
export function createCoinbase(tickers: Tickers): Provider {
  return {
    name: "coinbase",
    title: "Coinbase",
    attribution: "Coinbase",
    symbols: Object.keys(tickers),
    ...EXCHANGE_PACE,
    stream: createCoinbaseStream(tickers),
    limits: [{ calls: 10, perMs: 1000 }],
    costPerPoll: 2 * Object.keys(tickers).length,
    async read(upstream, symbol) {
      const product = encodeURIComponent(tickerOf(tickers, symbol));
      const [ticker, stats] = await Promise.all([
        getFresh(
          upstream,
          `${COINBASE_PRODUCTS_URL}/${product}/ticker`,
          (json) => CoinbaseTicker.parse(parseKeepingDigits(json)),
        ),
        getStats(upstream, `${COINBASE_PRODUCTS_URL}/${product}/stats`),
      ]);
      const { value: { price, time, bid, ask }, receipt } = ticker;
      const isKnown = stats !== null &&
        receipt.receivedElapsed - stats.receivedElapsed < MAX_STATS_AGE_MS;
      const { open, ...figures } = isKnown ? stats.value : NO_FIGURES;
      return {
        symbol,
        price,
        ...baselineFields(open, "rolling_24h"),
        ...NO_FIGURES,
        ...figures,
        open,
        bid,
        ask,
        as_of: isoTime(Date.parse(time)),
        ...receipt,
        ...ROUND_THE_CLOCK,
      };
    },
    readHistory: (upstream, symbol, range) =>
      readCandles(upstream, encodeURIComponent(tickerOf(tickers, symbol)), range),
  };
}
