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
  lookUpSymbol,
  missingPrice,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
} from "./provider.ts";

/** A pair of currencies at Kraken. */
interface KrakenPair {
  /** The name in a request. */
  readonly name: string;
  /** The name under which most responses list the pair. */
  readonly alternativeName: string;
}

const KRAKEN_PAIRS: Readonly<Record<string, KrakenPair>> = {
  "BTC-USD": { name: "XBTUSD", alternativeName: "XXBTZUSD" },
  "ETH-USD": { name: "ETHUSD", alternativeName: "XETHZUSD" },
};

const KRAKEN_TICKER_URL = `https://api.kraken.com/0/public/Ticker?pair=${
  Object.values(KRAKEN_PAIRS).map(({ name }) => name).join(",")
}`;

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

/** Kraken, the alternate for crypto. It takes one request for all symbols. */
export const kraken: Provider = {
  name: "kraken",
  title: "Kraken",
  attribution: "Kraken",
  symbols: Object.keys(KRAKEN_PAIRS),
  ...EXCHANGE_PACE,
  async read(upstream, symbol) {
    const { name, alternativeName } = lookUpSymbol(KRAKEN_PAIRS, symbol);
    const { value: tickers, receipt } = await getFresh(
      upstream,
      KRAKEN_TICKER_URL,
      parseKrakenTickers,
    );
    const ticker = tickers[name] ?? tickers[alternativeName];
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
