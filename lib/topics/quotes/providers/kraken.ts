/**
 * Kraken: no key, decimal strings, about one request a second for one address.
 * https://docs.kraken.com/api/docs/rest-api/get-ticker-information
 *
 * @module
 */
import { z } from "zod";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import {
  changeSince,
  getFresh,
  isoTime,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
} from "./provider.ts";

/** The pair to ask for, and the key it comes back under. */
const PAIRS: Readonly<Record<string, readonly [asked: string, answered: string]>> = {
  "BTC-USD": ["XBTUSD", "XXBTZUSD"],
  "ETH-USD": ["ETHUSD", "XETHZUSD"],
};

const asked = Object.values(PAIRS).map(([pair]) => pair).join(",");
const TICKER_URL = `https://api.kraken.com/0/public/Ticker?pair=${asked}`;

/** `c[0]`: last trade. `o`: the price at 00:00 UTC today, not 24 hours ago. */
const Ticker = z.object({ c: z.tuple([Price], z.unknown()), o: Price });

const Body = z.object({
  error: z.array(z.string()),
  result: z.record(z.string(), Ticker).default({}),
});

/** Errors come with HTTP 200. */
function parse(text: string): z.infer<typeof Body>["result"] {
  const { error, result } = Body.parse(JSON.parse(text));
  if (error.length === 0) return result;
  const isRate = error.some((each) => /rate limit|too many requests/i.test(each));
  throw new UpstreamFailure(
    "http",
    isRate ? "Kraken refused: too many requests" : "Kraken answered with an error",
    { status: isRate ? 429 : 200 },
  );
}

/** Kraken, which steps in for crypto: one request for all symbols. */
export const kraken: Provider = {
  name: "kraken",
  title: "Kraken",
  attribution: "Kraken",
  symbols: Object.keys(PAIRS),
  intervalMs: 5000,
  ttlMs: 4000,
  timeoutMs: 3000,
  async read(upstream, symbol) {
    const { value, receivedAt } = await getFresh(upstream, TICKER_URL, parse);
    const ticker = PAIRS[symbol]?.map((key) => value[key]).find((each) => each !== undefined);
    if (ticker === undefined) {
      throw new UpstreamFailure("shape", `Kraken gave no price of ${symbol}`);
    }
    const [price] = ticker.c;
    return {
      symbol,
      price,
      ...changeSince(ticker.o, price),
      basis: "utc_day",
      as_of: null, // its REST answer holds no time
      received_at: isoTime(receivedAt),
      ...ROUND_THE_CLOCK,
    };
  },
};
