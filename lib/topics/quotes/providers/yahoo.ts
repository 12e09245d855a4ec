/**
 * Yahoo's chart API, which Yahoo's own pages use. It is undocumented and against the site's terms, and
 * `UNOFFICIAL_SOURCES=none` turns it off. No documented source offers oil and indices without a key.
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../../../core/time.ts";
import { BROWSER_USER_AGENT } from "../../../upstream/request.ts";
import type { HistoryRange } from "../history/range.ts";
import { isZero, parseKeepingDigits, round } from "./decimal.ts";
import {
  baselineFields,
  CurrencyOrNull,
  getFresh,
  missingPrice,
  NO_DELAY,
  NO_FIGURES,
  NumberOrNull,
  parseBars,
  PlainNumber,
  type Provider,
  type ProviderHistory,
  type Reading,
  tickerOf,
  type Tickers,
  UnixSeconds,
} from "./provider.ts";

const YAHOO_CHART_URL = "https://query1.finance.yahoo.com/v8/finance/chart";

/** The chart of the latest session, with the quote. */
const YAHOO_DAY_QUERY = "range=1d&interval=5m";

/**
 * The chart does not state its delay. For COMEX and NYMEX Yahoo's own quote pages state 10 minutes
 * (`exchangeDataDelayedBy`). They state none for stocks and indices: 15 minutes is the usual delay of free exchange data.
 */
const YAHOO_FUTURES_DELAY_S = 600;
const YAHOO_STOCKS_DELAY_S = 900;

/** Returns the delay of a ticker's prices. `=F` marks a future, and `=X` a pair of currencies, which has none. */
function delayOfTicker(ticker: string): Pick<Reading, "is_delayed" | "delay_s"> {
  if (ticker.endsWith("=X")) return NO_DELAY;
  const isFuture = ticker.endsWith("=F");
  return { is_delayed: true, delay_s: isFuture ? YAHOO_FUTURES_DELAY_S : YAHOO_STOCKS_DELAY_S };
}

/** Validates the decimals to show. Prices of bars have those of a binary number. */
const YahooDecimals = z.coerce.number().int().min(0).max(10).catch(2);

/** The hours of a day. Others are a slip. */
const YahooPeriod = z.object({ start: UnixSeconds, end: UnixSeconds })
  .refine(({ start, end }) => start < end && end - start <= DAY_MS);

const YahooMeta = z.object({
  symbol: z.string().nullable().catch(null),
  currency: CurrencyOrNull,
  regularMarketPrice: PlainNumber,
  regularMarketTime: UnixSeconds,
  previousClose: NumberOrNull,
  /** The close before the whole range: that of the previous day only if the range is a day. */
  chartPreviousClose: NumberOrNull,
  range: z.string().nullable().catch(null),
  priceHint: YahooDecimals,
  regularMarketDayHigh: NumberOrNull,
  regularMarketDayLow: NumberOrNull,
  regularMarketVolume: NumberOrNull,
  currentTradingPeriod: z.object({ regular: YahooPeriod }).nullable().catch(null),
});

/** Bars, whose first opening price is that of the day. It is null at times without trades. */
const YahooOpenings = z.object({
  quote: z.tuple([z.object({ open: z.array(z.unknown()) })], z.unknown()),
}).nullable().catch(null);

const YahooResponse = z.object({
  chart: z.object({
    result: z.tuple([z.object({ meta: YahooMeta, indicators: YahooOpenings })], z.unknown()),
  }),
});

function parseQuoteOfChart(json: string) {
  const [{ meta, indicators }] = YahooResponse.parse(parseKeepingDigits(json)).chart.result;
  const first = indicators?.quote[0].open.find((price) => price !== null);
  const open = NumberOrNull.parse(first);
  return { ...meta, open: open === null ? null : round(open, meta.priceHint) };
}

/**
 * Tests if a chart is that of a ticker, as far as it says. Yahoo has a short name of pairs with the dollar: `JPY=X` is
 * `USDJPY=X`.
 */
function isChartOf(ticker: string, symbol: string | null): boolean {
  if (symbol === null) return true;
  const [asked, answered] = [ticker.toUpperCase(), symbol.toUpperCase()];
  return answered === asked || answered === asked.replace(/^USD(?=...=X$)/, "");
}

/** Returns the close of the previous day. Zero stands for an unknown one. */
function previousCloseOf(
  { previousClose, chartPreviousClose, range }: z.infer<typeof YahooMeta>,
): string | null {
  if (previousClose !== null && !isZero(previousClose)) return previousClose;
  return range === "1d" ? chartPreviousClose : null;
}

/** The charts that cover a range. That of a day has the URL of the quote, so it takes no further request. */
const YAHOO_CHARTS: Readonly<
  Record<HistoryRange, { readonly query: string; readonly intervalMs: number }>
> = {
  "1h": { query: "range=1d&interval=1m", intervalMs: MINUTE_MS },
  "1d": { query: YAHOO_DAY_QUERY, intervalMs: 5 * MINUTE_MS },
  "5d": { query: "range=5d&interval=15m", intervalMs: 15 * MINUTE_MS },
  "1mo": { query: "range=1mo&interval=1h", intervalMs: HOUR_MS },
  "1y": { query: "range=1y&interval=1d", intervalMs: DAY_MS },
};

/** Numbers of a column. Those of a time without trades are null, and so may be the column. */
const YahooColumn = z.array(z.unknown()).nullish().transform((column) => column ?? []);

const YahooChart = z.object({
  chart: z.object({
    result: z.tuple([
      z.object({
        meta: z.object({
          symbol: YahooMeta.shape.symbol,
          priceHint: YahooDecimals,
          chartPreviousClose: NumberOrNull,
        }),
        timestamp: YahooColumn,
        indicators: z.object({
          quote: z.tuple([
            z.object({
              open: YahooColumn,
              high: YahooColumn,
              low: YahooColumn,
              close: YahooColumn,
              volume: YahooColumn,
            }),
          ]),
        }),
      }),
    ]),
  }),
});

const YahooBar = z.tuple([
  UnixSeconds,
  PlainNumber,
  PlainNumber,
  PlainNumber,
  PlainNumber,
  NumberOrNull,
]);

/** Parses the bars of a chart, with its symbol and the close before it. */
function parseChartBars(
  json: string,
): Omit<ProviderHistory, "intervalMs"> & { symbol: string | null } {
  const [{ meta, timestamp, indicators: { quote: [columns] } }] = YahooChart.parse(
    parseKeepingDigits(json),
  ).chart.result;
  const { open, high, low, close, volume } = columns;
  const rows = timestamp.map((
    time,
    index,
  ) => [time, open[index], high[index], low[index], close[index], volume[index]]);
  const shown = (price: string) => round(price, meta.priceHint);
  const { symbol, chartPreviousClose } = meta;
  return {
    symbol,
    bars: parseBars(rows, YahooBar).map(([startAt, ...[first, most, least, last, traded]]) =>
      [startAt, shown(first), shown(most), shown(least), shown(last), traded] as const
    ),
    prevClose: chartPreviousClose === null ? null : shown(chartPreviousClose),
  };
}

/** Creates Yahoo, the first choice for oil and indices. It takes one request per symbol. @param tickers Yahoo's symbols. */
export function createYahoo(tickers: Tickers): Provider {
  return {
    name: "yahoo",
    title: "Yahoo Finance",
    attribution: "Yahoo Finance, unofficial, delayed",
    notice:
      "Yahoo Finance is an unofficial source: its API is undocumented, and the site's terms do not permit " +
      "automated access. UNOFFICIAL_SOURCES=none turns it off.",
    symbols: Object.keys(tickers),
    intervalMs: 60_000,
    closedIntervalMs: 5 * 60_000,
    ttlMs: 45_000,
    // Yahoo documents no limit. It blocks addresses that send bursts.
    limits: [{ calls: 5, perMs: 1000 }],
    headers: { "user-agent": BROWSER_USER_AGENT },
    delayOf: (symbol) => delayOfTicker(tickerOf(tickers, symbol)),
    async read(upstream, symbol) {
      const ticker = tickerOf(tickers, symbol);
      const url = `${YAHOO_CHART_URL}/${encodeURIComponent(ticker)}?${YAHOO_DAY_QUERY}`;
      const { value: chart, receipt } = await getFresh(upstream, url, parseQuoteOfChart);
      if (!isChartOf(ticker, chart.symbol)) throw missingPrice("Yahoo Finance", symbol);
      const period = chart.currentTradingPeriod?.regular;
      return {
        symbol,
        price: chart.regularMarketPrice,
        currency: chart.currency,
        ...baselineFields(previousCloseOf(chart), "prev_close"),
        ...NO_FIGURES,
        open: chart.open,
        high: chart.regularMarketDayHigh,
        low: chart.regularMarketDayLow,
        volume: chart.regularMarketVolume,
        session: null,
        ...(period === undefined ? {} : { period }),
        as_of: isoTime(chart.regularMarketTime),
        ...receipt,
        ...delayOfTicker(ticker),
      };
    },
    async readHistory(upstream, symbol, range) {
      const ticker = tickerOf(tickers, symbol);
      const { query, intervalMs } = YAHOO_CHARTS[range];
      const url = `${YAHOO_CHART_URL}/${encodeURIComponent(ticker)}?${query}`;
      const { value: chart } = await getFresh(upstream, url, parseChartBars);
      if (!isChartOf(ticker, chart.symbol)) throw missingPrice("Yahoo Finance", symbol);
      return { intervalMs, bars: chart.bars, prevClose: chart.prevClose };
    },
  };
}
