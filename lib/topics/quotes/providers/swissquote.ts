/**
 * Swissquote's public quotes of metals and currencies, which the bank's own pages use. They are undocumented, and
 * `UNOFFICIAL_SOURCES` turns them off. No other source without a key offers bids and asks of metals.
 *
 * @module
 */
import { z } from "zod";
import { isoTime, MINUTE_MS } from "../../../core/time.ts";
import { compare, distancePct, isPositive, midpoint, parseKeepingDigits } from "./decimal.ts";
import {
  getFresh,
  missingPrice,
  NO_BASELINE,
  NO_FIGURES,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const SWISSQUOTE_URL = "https://forex-data-feed.swissquote.com/public-quotes/bboquotes/instrument";

/** The widest spread whose middle is a price, in percent. Those of metals and currencies are below 1 %. */
const MAX_SPREAD_PCT = 5;

const SwissquoteSpread = z.object({ bid: PlainNumber, ask: PlainNumber }).refine(({ bid, ask }) =>
  isPositive(bid) && compare(bid, ask) <= 0 && distancePct(bid, ask) <= MAX_SPREAD_PCT
);

/** The quotes of a platform. Numbers are strings, since {@linkcode parseKeepingDigits} parses them. `ts` is in ms. */
const SwissquotePlatform = z.object({
  spreadProfilePrices: z.array(z.unknown()),
  ts: z.string().regex(/^\d{1,14}$/).transform(Number),
});

/** The best bid and ask of a platform. */
interface SwissquoteQuote {
  readonly bid: string;
  readonly ask: string;
  readonly at: number;
}

/** Parses the platforms one by one, and returns the latest quote: the narrowest of its spreads. */
function parseLatestQuote(json: string): SwissquoteQuote | undefined {
  const quotes = z.array(z.unknown()).parse(parseKeepingDigits(json)).flatMap((value) => {
    const platform = SwissquotePlatform.safeParse(value).data;
    const spreads = platform?.spreadProfilePrices
      .map((spread) => SwissquoteSpread.safeParse(spread).data)
      .filter((spread) => spread !== undefined) ?? [];
    const bid = spreads.map((spread) => spread.bid).toSorted(compare).at(-1);
    const ask = spreads.map((spread) => spread.ask).toSorted(compare).at(0);
    const isKnown = platform !== undefined && bid !== undefined && ask !== undefined;
    return isKnown ? [{ bid, ask, at: platform.ts }] : [];
  });
  return quotes.toSorted((a, b) => a.at - b.at).at(-1);
}

/**
 * Creates Swissquote, an alternate for metals and currencies. It takes one request per symbol.
 *
 * @param tickers Pairs such as `XAU/USD`.
 */
export function createSwissquote(tickers: Tickers): Provider {
  return {
    name: "swissquote",
    title: "Swissquote",
    attribution: "Swissquote, unofficial",
    notice:
      "Swissquote is an unofficial source: its API is undocumented and made for the bank's own pages. " +
      "UNOFFICIAL_SOURCES without swissquote turns it off.",
    symbols: Object.keys(tickers),
    intervalMs: 30_000,
    closedIntervalMs: 5 * MINUTE_MS,
    ttlMs: 24_000,
    // Swissquote documents no limit.
    limits: [{ calls: 2, perMs: 1000 }],
    async read(upstream, symbol) {
      const pair = tickerOf(tickers, symbol);
      const { value: quote, receipt } = await getFresh(
        upstream,
        `${SWISSQUOTE_URL}/${pair}`,
        parseLatestQuote,
      );
      if (quote === undefined) throw missingPrice("Swissquote", symbol);
      const { bid, ask, at } = quote;
      return {
        symbol,
        price: midpoint(bid, ask),
        ...NO_BASELINE,
        ...NO_FIGURES,
        ...{ bid, ask },
        session: null,
        as_of: isoTime(at),
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
  };
}
