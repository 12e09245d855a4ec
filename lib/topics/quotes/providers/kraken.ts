/**
 * Kraken: no key, decimal strings, about one request per second and address.
 * https://docs.kraken.com/api/docs/rest-api/get-ticker-information
 *
 * @module
 */
import { z } from "zod";
import {
  changeSince,
  errorBody,
  EXCHANGE_PACE,
  getFresh,
  missingPrice,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const KRAKEN_TICKER_URL = "https://api.kraken.com/0/public/Ticker";

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

/**
 * Parses the tickers of a response, by pair.
 *
 * @throws {UpstreamFailure} If the body states an error, which comes with HTTP 200.
 */
function parseKrakenTickers(json: string): z.infer<typeof KrakenResponse>["result"] {
  const { error, result } = KrakenResponse.parse(JSON.parse(json));
  if (error.length === 0) return result;
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
  };
}
