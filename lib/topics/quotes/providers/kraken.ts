/**
 * Kraken: no key, decimal strings, about one request a second for one address.
 * https://docs.kraken.com/api/docs/rest-api/get-ticker-information
 *
 * @module
 */
import { z } from "zod";
import {
  changeSince,
  errorAnswer,
  getFresh,
  noPrice,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
} from "./provider.ts";

/** The pair to request, and its key in the answer. */
const KRAKEN_PAIRS: Readonly<Record<string, readonly [requested: string, answered: string]>> = {
  "BTC-USD": ["XBTUSD", "XXBTZUSD"],
  "ETH-USD": ["ETHUSD", "XETHZUSD"],
};

const requestedPairs = Object.values(KRAKEN_PAIRS).map(([pair]) => pair).join(",");
const TICKER_URL = `https://api.kraken.com/0/public/Ticker?pair=${requestedPairs}`;

/** `c[0]`: last trade. `o`: the price at 00:00 UTC today, not 24 hours ago. */
const KrakenTicker = z.object({ c: z.tuple([Price], z.unknown()), o: Price });

const KrakenAnswer = z.object({
  error: z.array(z.string()),
  result: z.record(z.string(), KrakenTicker).default({}),
});

/** Parses an answer. Errors come with HTTP 200. */
function parseKraken(text: string): z.infer<typeof KrakenAnswer>["result"] {
  const { error, result } = KrakenAnswer.parse(JSON.parse(text));
  if (error.length === 0) return result;
  const isRate = error.some((each) => /rate limit|too many requests/i.test(each));
  throw errorAnswer("Kraken", isRate ? 429 : 200);
}

/** Kraken, the alternate for crypto: one request for all symbols. */
export const kraken: Provider = {
  name: "kraken",
  title: "Kraken",
  attribution: "Kraken",
  symbols: Object.keys(KRAKEN_PAIRS),
  intervalMs: 5000,
  ttlMs: 4000,
  timeoutMs: 3000,
  async read(upstream, symbol) {
    const { value, receipt } = await getFresh(upstream, TICKER_URL, parseKraken);
    const ticker = KRAKEN_PAIRS[symbol]?.map((key) => value[key]).find((each) =>
      each !== undefined
    );
    if (ticker === undefined) throw noPrice("Kraken", symbol);
    const [price] = ticker.c;
    return {
      symbol,
      price,
      ...changeSince(ticker.o, price),
      basis: "utc_day",
      as_of: null, // the REST answer has no time
      ...receipt,
      ...ROUND_THE_CLOCK,
    };
  },
};
