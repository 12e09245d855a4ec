/**
 * Twelve Data's free plan: decimal strings, 8 credits per minute, 800 credits per day, one credit per symbol.
 * https://twelvedata.com/docs#quote
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../../../core/time.ts";
import type { CallLimit } from "../../../upstream/pace.ts";
import type { Bar } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  baselineFields,
  batchOf,
  CurrencyOrNull,
  errorBody,
  getFresh,
  missingPrice,
  NO_FIGURES,
  NumberOrNull,
  parseBars,
  parseMembers,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
  toQuery,
  UnixSeconds,
} from "./provider.ts";

/** The credits of the free plan. A symbol costs one. */
const TWELVE_DATA_LIMITS: readonly CallLimit[] = [
  { calls: 8, perMs: MINUTE_MS },
  { calls: 800, perMs: DAY_MS },
];

/** The most symbols of a request: their credits fit into a minute. */
const MAX_TWELVE_DATA_SYMBOLS = 8;

const TWELVE_DATA_QUOTE_URL = "https://api.twelvedata.com/quote";

const TWELVE_DATA_SERIES_URL = "https://api.twelvedata.com/time_series";

/** `last_quote_at` is the time of the price. `timestamp` is the beginning of the day's candle. */
const TwelveDataQuote = z.object({
  close: PlainNumber,
  currency: CurrencyOrNull,
  previous_close: NumberOrNull,
  open: NumberOrNull,
  high: NumberOrNull,
  low: NumberOrNull,
  volume: NumberOrNull,
  is_market_open: z.boolean().nullable().catch(null),
  last_quote_at: UnixSeconds.transform(isoTime).nullable().catch(null),
});

/** An error, in place of the whole body or of one quote. It may come with HTTP 200. */
const TwelveDataError = z.object({
  status: z.literal("error"),
  code: z.string().regex(/^\d{3}$/).transform(Number),
});

/** @throws {UpstreamFailure} If the value is an error. */
function throwTwelveDataError(value: unknown): void {
  const error = TwelveDataError.safeParse(value);
  if (error.success) throw errorBody("Twelve Data", error.data.code);
}

/**
 * Parses the quotes of a response, by ticker. The whole body is the quote if there is only one.
 *
 * @throws {UpstreamFailure} If the whole body is an error.
 */
function parseTwelveDataQuotes(json: string, batch: readonly string[]) {
  const body = parseKeepingDigits(json);
  throwTwelveDataError(body);
  const members = batch.length === 1 ? { [`${batch[0]}`]: body } : body;
  return parseMembers(members, z.union([TwelveDataError, TwelveDataQuote]));
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
  open: PlainNumber,
  high: PlainNumber,
  low: PlainNumber,
  close: PlainNumber,
  volume: NumberOrNull,
}).transform(({ datetime, open, high, low, close, volume }): Bar => {
  const [date, time = "00:00:00"] = datetime.split(" ");
  return [Date.parse(`${date}T${time}Z`), open, high, low, close, volume];
});

/** @throws {UpstreamFailure} If the body is an error. */
function parseTwelveDataSeries(json: string): Bar[] {
  const body = parseKeepingDigits(json);
  throwTwelveDataError(body);
  return parseBars(z.object({ values: z.array(z.unknown()) }).parse(body).values, TwelveDataBar);
}

/**
 * Creates Twelve Data, an alternate that needs a key. A request takes up to {@linkcode MAX_TWELVE_DATA_SYMBOLS} symbols.
 *
 * @param tickers Symbols of Twelve Data.
 * @param key A key of any plan.
 */
export function createTwelveData(tickers: Tickers, key: string): Provider {
  const symbols = Object.keys(tickers);
  return {
    name: "twelve-data",
    title: "Twelve Data",
    attribution: "Twelve Data",
    symbols,
    // The limits make the interval longer.
    intervalMs: MINUTE_MS,
    ttlMs: MINUTE_MS,
    limits: TWELVE_DATA_LIMITS,
    headers: { authorization: `apikey ${key}` },
    async read(upstream, symbol) {
      const ticker = tickerOf(tickers, symbol);
      const batch = batchOf(tickers, symbol, MAX_TWELVE_DATA_SYMBOLS);
      const { value: quotes, receipt } = await getFresh(
        upstream,
        `${TWELVE_DATA_QUOTE_URL}?symbol=${toQuery(batch)}`,
        (json) => parseTwelveDataQuotes(json, batch),
        batch.length,
      );
      const quote = quotes.get(ticker);
      if (quote === undefined) throw missingPrice("Twelve Data", symbol);
      if ("status" in quote) throw errorBody("Twelve Data", quote.code);
      const { close, currency, previous_close, open, high, low, volume, is_market_open } = quote;
      return {
        symbol,
        price: close,
        currency,
        ...baselineFields(previous_close, "prev_close"),
        ...NO_FIGURES,
        ...{ open, high, low, volume },
        session: is_market_open === null ? null : is_market_open ? "open" : "closed",
        as_of: quote.last_quote_at,
        ...(quote.last_quote_at === null && { isRepeated: true }),
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
    minHistoryTtlMs: TWELVE_DATA_HISTORY_TTL_MS,
    async readHistory(upstream, symbol, range) {
      const pair = tickerOf(tickers, symbol);
      const { interval, intervalMs, count } = TWELVE_DATA_SERIES[range];
      const url = `${TWELVE_DATA_SERIES_URL}?symbol=${toQuery([pair])}&interval=${interval}` +
        `&outputsize=${count}&timezone=UTC`;
      const { value: bars } = await getFresh(upstream, url, parseTwelveDataSeries);
      return { intervalMs, bars, prevClose: null };
    },
  };
}
