/**
 * Kraken: no key, decimal strings, about one request per second and address.
 * https://docs.kraken.com/api/docs/rest-api/get-ticker-information
 *
 * @module
 */
import { z } from "zod";
import { MINUTE_MS } from "../../../core/time.ts";
import type { Bar } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import {
  BarNumber,
  changeSince,
  errorBody,
  EXCHANGE_PACE,
  getFresh,
  missingPrice,
  parseBars,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const KRAKEN_TICKER_URL = "https://api.kraken.com/0/public/Ticker";

const KRAKEN_OHLC_URL = "https://api.kraken.com/0/public/OHLC";

/** Lists the keys under which a response may have a pair: most have a letter before each currency, as in `XXBTZUSD`. */
function keysOfPair(pair: string): string[] {
  return [pair, `X${pair.slice(0, -3)}Z${pair.slice(-3)}`];
}

/** `c[0]` is the price of the last trade. `o` is the price at 00:00 UTC today, not 24 hours ago. */
const KrakenTicker = z.object({ c: z.tuple([Price], z.unknown()), o: Price });

const KrakenResponse = z.object({
  error: z.array(z.string()),
  result: z.record(z.string(), KrakenTicker).default({}),
});

/** The length of the bars that cover a range, in minutes. A response has up to 720. */
const KRAKEN_INTERVALS_MIN: Readonly<Record<HistoryRange, number>> = {
  "1h": 1,
  "1d": 5,
  "5d": 15,
  "1mo": 60,
  "1y": 1440,
};

/** A bar: start in seconds, open, high, low, close, the average, volume, and the number of trades. */
const KrakenBar = z.tuple([
  z.int(),
  BarNumber,
  BarNumber,
  BarNumber,
  BarNumber,
  z.unknown(),
  BarNumber,
  z.unknown(),
]).transform((
  [startS, open, high, low, close, , volume],
): Bar => [startS * 1000, open, high, low, close, volume]);

/** The bars by pair, and `last`, from which the next request may continue. */
const KrakenBars = z.object({
  error: z.array(z.string()),
  result: z.record(z.string(), z.unknown()).default({}),
});

function parseKrakenBars(json: string): Bar[] {
  const { error, result } = KrakenBars.parse(JSON.parse(json));
  throwKrakenError(error);
  const rows = Object.values(result).find((value) => Array.isArray(value)) ?? [];
  return parseBars(rows, KrakenBar);
}

/**
 * Parses the tickers of a response, by pair.
 *
 * @throws {UpstreamFailure} If the body states an error, which comes with HTTP 200.
 */
function parseKrakenTickers(json: string): z.infer<typeof KrakenResponse>["result"] {
  const { error, result } = KrakenResponse.parse(JSON.parse(json));
  throwKrakenError(error);
  return result;
}

/** @throws {UpstreamFailure} If the list is not empty. */
function throwKrakenError(error: readonly string[]): void {
  if (error.length === 0) return;
  const isRateLimited = error.some((message) => /rate limit|too many requests/i.test(message));
  throw errorBody("Kraken", isRateLimited ? 429 : 200);
}

/** Creates Kraken, an alternate for crypto. It takes one request for all symbols. @param tickers Pairs. */
export function createKraken(tickers: Tickers): Provider {
  const url = `${KRAKEN_TICKER_URL}?pair=${Object.values(tickers).join(",")}`;
  return {
    name: "kraken",
    title: "Kraken",
    attribution: "Kraken",
    symbols: Object.keys(tickers),
    ...EXCHANGE_PACE,
    async read(upstream, symbol) {
      const { value: pairs, receipt } = await getFresh(upstream, url, parseKrakenTickers);
      const ticker = keysOfPair(tickerOf(tickers, symbol)).map((key) => pairs[key])
        .find((pair) => pair !== undefined);
      if (ticker === undefined) throw missingPrice("Kraken", symbol);
      const [price] = ticker.c;
      return {
        symbol,
        price,
        ...changeSince(ticker.o, price),
        basis: "utc_day",
        as_of: null, // the response has no time
        ...receipt,
        ...ROUND_THE_CLOCK,
      };
    },
    async readHistory(upstream, symbol, range) {
      const intervalMin = KRAKEN_INTERVALS_MIN[range];
      const pair = tickerOf(tickers, symbol);
      const historyUrl = `${KRAKEN_OHLC_URL}?pair=${pair}&interval=${intervalMin}`;
      const { value: bars } = await getFresh(upstream, historyUrl, parseKrakenBars);
      return { intervalMs: intervalMin * MINUTE_MS, bars, prevClose: null };
    },
  };
}
