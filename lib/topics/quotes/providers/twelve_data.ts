/**
 * Twelve Data's free plan: decimal strings, 8 credits per minute, 800 credits per day, one credit per symbol.
 * https://twelvedata.com/docs#quote
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../../../core/time.ts";
import type { Bar } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import {
  BarNumber,
  changeSince,
  errorBody,
  getFresh,
  missingPrice,
  parseBars,
  Price,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

/** 800 credits per day and two per call are 400 calls, or one call every 216 s. */
const TWELVE_DATA_INTERVAL_MS = 220_000;

const TWELVE_DATA_QUOTE_URL = "https://api.twelvedata.com/quote";

const TWELVE_DATA_SERIES_URL = "https://api.twelvedata.com/time_series";

/** `last_quote_at`, in seconds, is the time of the price. `timestamp` is the beginning of the day's candle. */
const TwelveDataQuote = z.object({
  close: Price,
  previous_close: Price,
  is_market_open: z.boolean(),
  last_quote_at: z.int().min(1).transform((seconds) => isoTime(seconds * 1000)),
});

/** An error, in place of the whole body or of one quote. It may come with HTTP 200. */
const TwelveDataError = z.object({ status: z.literal("error"), code: z.int() });

const TwelveDataResponse = z.record(z.string(), z.union([TwelveDataError, TwelveDataQuote]));

/** @throws {UpstreamFailure} If the whole body is an error. */
function parseTwelveDataQuotes(json: string): z.infer<typeof TwelveDataResponse> {
  const body: unknown = JSON.parse(json);
  const error = TwelveDataError.safeParse(body);
  if (error.success) throw errorBody("Twelve Data", error.data.code);
  return TwelveDataResponse.parse(body);
}

/** The bars that cover a range: their length, and the number to request. */
const TWELVE_DATA_SERIES: Readonly<
  Record<
    HistoryRange,
    { readonly interval: string; readonly intervalMs: number; readonly count: number }
  >
> = {
  "1h": { interval: "1min", intervalMs: MINUTE_MS, count: 60 },
  "1d": { interval: "5min", intervalMs: 5 * MINUTE_MS, count: 288 },
  "5d": { interval: "15min", intervalMs: 15 * MINUTE_MS, count: 480 },
  "1mo": { interval: "2h", intervalMs: 2 * HOUR_MS, count: 372 },
  "1y": { interval: "1day", intervalMs: DAY_MS, count: 366 },
};

/** A history takes a credit, and the quotes take nearly all credits of a day. */
const TWELVE_DATA_HISTORY_TTL_MS = 6 * HOUR_MS;

/** A bar. Its time is in UTC, as requested, and that of a day has no hour. */
const TwelveDataBar = z.object({
  datetime: z.string().regex(/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$/),
  open: BarNumber,
  high: BarNumber,
  low: BarNumber,
  close: BarNumber,
  volume: BarNumber.nullable().catch(null),
}).transform(({ datetime, open, high, low, close, volume }): Bar => {
  const [date, time = "00:00:00"] = datetime.split(" ");
  return [Date.parse(`${date}T${time}Z`), open, high, low, close, volume];
});

/** @throws {UpstreamFailure} If the body is an error. */
function parseTwelveDataSeries(json: string): Bar[] {
  const body: unknown = JSON.parse(json);
  const error = TwelveDataError.safeParse(body);
  if (error.success) throw errorBody("Twelve Data", error.data.code);
  return parseBars(z.object({ values: z.array(z.unknown()) }).parse(body).values, TwelveDataBar);
}

/**
 * Creates Twelve Data, an alternate for metals that needs a key. It takes one request for all symbols.
 *
 * @param tickers Symbols of Twelve Data.
 * @param key A key of any plan.
 */
export function createTwelveData(tickers: Tickers, key: string): Provider {
  const url = `${TWELVE_DATA_QUOTE_URL}?symbol=${Object.values(tickers).join(",")}`;
  return {
    name: "twelve-data",
    title: "Twelve Data",
    attribution: "Twelve Data",
    symbols: Object.keys(tickers),
    intervalMs: TWELVE_DATA_INTERVAL_MS,
    // The preferred provider may be polled far more often than this quota allows, so the cache responds in between.
    ttlMs: TWELVE_DATA_INTERVAL_MS,
    headers: { authorization: `apikey ${key}` },
    async read(upstream, symbol) {
      const { value: quotes, receipt } = await getFresh(upstream, url, parseTwelveDataQuotes);
      const quote = quotes[tickerOf(tickers, symbol)];
      if (quote === undefined) throw missingPrice("Twelve Data", symbol);
      if ("status" in quote) throw errorBody("Twelve Data", quote.code);
      return {
        symbol,
        price: quote.close,
        ...changeSince(quote.previous_close, quote.close),
        basis: "prev_close",
        session: quote.is_market_open ? "open" : "closed",
        as_of: quote.last_quote_at,
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
    minHistoryTtlMs: TWELVE_DATA_HISTORY_TTL_MS,
    async readHistory(upstream, symbol, range) {
      const pair = tickerOf(tickers, symbol);
      const { interval, intervalMs, count } = TWELVE_DATA_SERIES[range];
      const url = `${TWELVE_DATA_SERIES_URL}?symbol=${pair}&interval=${interval}` +
        `&outputsize=${count}&timezone=UTC`;
      const { value: bars } = await getFresh(upstream, url, parseTwelveDataSeries);
      return { intervalMs, bars, prevClose: null };
    },
  };
}
