/**
 * Twelve Data's free plan: decimal strings, 8 credits per minute, 800 credits per day, one credit per symbol.
 * https://twelvedata.com/docs#quote
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import {
  changeSince,
  errorBody,
  getFresh,
  missingPrice,
  Price,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

/** 800 credits per day and two per call are 400 calls, or one call every 216 s. */
const TWELVE_DATA_INTERVAL_MS = 220_000;

const TWELVE_DATA_QUOTE_URL = "https://api.twelvedata.com/quote";

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
  };
}
