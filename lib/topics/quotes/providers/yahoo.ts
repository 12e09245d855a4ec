/**
 * Yahoo's chart API, which Yahoo's own pages use. It is undocumented and against the site's terms, and
 * `UNOFFICIAL_SOURCES=none` turns it off. No documented source offers oil and indices without a key.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { BROWSER_USER_AGENT } from "../../../upstream/request.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  changeSince,
  getFresh,
  missingPrice,
  NO_CHANGE,
  Price,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const YAHOO_CHART_URL = "https://query1.finance.yahoo.com/v8/finance/chart";

/**
 * The chart does not state its delay. For COMEX and NYMEX Yahoo's own quote pages state 10 minutes
 * (`exchangeDataDelayedBy`). They state none for indices: 15 minutes is the usual delay of free US exchange data.
 */
const YAHOO_FUTURES_DELAY_S = 600;
const YAHOO_INDICES_DELAY_S = 900;

/** Returns the delay of a ticker's prices, in seconds. `=F` marks a future. */
function delayOf(ticker: string): number {
  return ticker.endsWith("=F") ? YAHOO_FUTURES_DELAY_S : YAHOO_INDICES_DELAY_S;
}

/** Converts seconds to ms. Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const YahooTime = z.string().regex(/^\d{1,11}$/).transform((seconds) => Number(seconds) * 1000);

const YahooMeta = z.object({
  symbol: z.string(),
  currency: z.literal("USD"),
  regularMarketPrice: Price,
  regularMarketTime: YahooTime,
  /** The close of the previous day. Only a chart of one day has it: `chartPreviousClose` precedes the whole range. */
  previousClose: Price.optional(),
  currentTradingPeriod: z.object({ regular: z.object({ start: YahooTime, end: YahooTime }) }),
});

const YahooResponse = z.object({
  chart: z.object({ result: z.tuple([z.object({ meta: YahooMeta })]) }),
});

function parseChartMeta(json: string): z.infer<typeof YahooMeta> {
  return YahooResponse.parse(parseKeepingDigits(json)).chart.result[0].meta;
}

/** Creates Yahoo, the first choice for oil and indices. It takes one request per symbol. @param tickers Yahoo's symbols. */
export function createYahoo(tickers: Tickers): Provider {
  return {
    name: "yahoo",
    title: "Yahoo Finance",
    attribution: "Yahoo Finance, unofficial, delayed",
    symbols: Object.keys(tickers),
    intervalMs: 60_000,
    closedIntervalMs: 5 * 60_000,
    ttlMs: 45_000,
    headers: { "user-agent": BROWSER_USER_AGENT },
    async read(upstream, symbol) {
      const ticker = tickerOf(tickers, symbol);
      const url = `${YAHOO_CHART_URL}/${encodeURIComponent(ticker)}?range=1d&interval=5m`;
      const { value: meta, receipt } = await getFresh(upstream, url, parseChartMeta);
      if (meta.symbol !== ticker) throw missingPrice("Yahoo Finance", symbol);
      const { regularMarketPrice: price, previousClose } = meta;
      return {
        symbol,
        price,
        ...(previousClose === undefined
          ? NO_CHANGE
          : { ...changeSince(previousClose, price), basis: "prev_close" }),
        session: null,
        period: meta.currentTradingPeriod.regular,
        as_of: isoTime(meta.regularMarketTime),
        ...receipt,
        is_delayed: true,
        delay_s: delayOf(ticker),
      };
    },
  };
}
