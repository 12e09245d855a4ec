/**
 * Kraken: no key, decimal strings, about one request per second and address.
 * https://docs.kraken.com/api/docs/rest-api/get-ticker-information
 *
 * @module
 */
import { z } from "zod";
import { MINUTE_MS } from "../../../core/time.ts";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import type { Bar } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import { parseKeepingDigits } from "./decimal.ts";
import { createKrakenStream } from "./kraken_stream.ts";
import {
  baselineFields,
  batchOf,
  errorBody,
  EXCHANGE_PACE,
  getFresh,
  missingPrice,
  NumberOrNull,
  parseBars,
  parseMembers,
  PlainNumber,
  type Provider,
  type Receipt,
  ROUND_THE_CLOCK,
  tickerOf,
  type Tickers,
  toQuery,
  UnixSeconds,
  unknownTicker,
} from "./provider.ts";

const KRAKEN_TICKER_URL = "https://api.kraken.com/0/public/Ticker";

const KRAKEN_OHLC_URL = "https://api.kraken.com/0/public/OHLC";

/** The most pairs of a request. Kraken documents no limit, but URLs have one. */
const MAX_KRAKEN_PAIRS = 50;

/**
 * Returns a pair without separators, aliases, and the letters for the kinds of currencies: `XBT/USD`, `BTC/USD` and
 * `XXBTZUSD` are `XBTUSD`.
 */
function plainPair(name: string): string {
  return name.replace("/", "").replace(/^[XZ]([A-Z]{3})[XZ]([A-Z]{3})$/, "$1$2")
    .replace(/^BTC/, "XBT").replace(/^DOGE/, "XDG");
}

/** The first number of a list, of which the others are not used: null without one. */
const FirstNumber = z.tuple([PlainNumber], z.unknown()).transform(([first]) => first)
  .nullable().catch(null);

/**
 * `c[0]` is the price of the last trade. `o` is the price at 00:00 UTC today, not 24 hours ago, and the first of two figures
 * is that of today.
 */
const KrakenTicker = z.object({
  c: z.tuple([PlainNumber], z.unknown()),
  o: NumberOrNull,
  h: FirstNumber,
  l: FirstNumber,
  v: FirstNumber,
  b: FirstNumber,
  a: FirstNumber,
});

/** A body has errors and warnings, or a result, or warnings and a result. */
const KrakenResponse = z.object({
  error: z.array(z.string()).nullable().catch(null),
  result: z.record(z.string(), z.unknown()).optional(),
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
  UnixSeconds,
  PlainNumber,
  PlainNumber,
  PlainNumber,
  PlainNumber,
  z.unknown(),
  PlainNumber,
  z.unknown(),
]).transform((
  [startAt, open, high, low, close, , volume],
): Bar => [startAt, open, high, low, close, volume]);

/** The bars are the one list of the result. Its other member is `last`, from which the next request may continue. */
function parseKrakenBars(json: string): Bar[] {
  const rows = Object.values(parseKrakenResult(json)).find((value) => Array.isArray(value)) ?? [];
  return parseBars(rows, KrakenBar);
}

/** Parses the tickers of a response, by plain pair. */
function parseKrakenTickers(json: string): ReadonlyMap<string, z.infer<typeof KrakenTicker>> {
  const tickers = parseMembers(parseKrakenResult(json), KrakenTicker);
  return new Map([...tickers].map(([name, ticker]) => [plainPair(name), ticker]));
}

/**
 * Returns the result of a body.
 *
 * @throws {UpstreamFailure} If the body states an error, which comes with HTTP 200. A warning (`W…`) is none.
 */
function parseKrakenResult(json: string): Readonly<Record<string, unknown>> {
  const { error, result } = KrakenResponse.parse(parseKeepingDigits(json));
  const errors = error?.filter((message) => message.startsWith("E")) ?? [];
  if (errors.length === 0) return KrakenResponse.shape.result.unwrap().parse(result);
  const states = (pattern: RegExp) => errors.some((message) => pattern.test(message));
  if (states(/rate limit|too many requests|temporary lockout|throttled/i)) {
    throw errorBody("Kraken", 429);
  }
  throw states(/unknown asset pair/i)
    ? unknownTicker("Kraken", "a pair")
    : errorBody("Kraken", 200);
}

/** Tests if Kraken refused a request because of a pair that it does not know, now or before a pause. */
function isUnknownPair(thrown: unknown): boolean {
  if (!(thrown instanceof UpstreamFailure)) return false;
  return thrown.status === 404 || thrown.kind === "waiting" && isUnknownPair(thrown.cause);
}

/**
 * Creates Kraken, an alternate for crypto. It takes one request for all symbols. Kraken refuses a request with a pair that
 * it does not know, so such a pair gets a request of its own until Kraken knows it.
 *
 * @param tickers Pairs.
 */
export function createKraken(tickers: Tickers): Provider {
  /** The lists of pairs that Kraken refused because of an unknown one, as in a URL. */
  const refused = new Set<string>();

  /** Gets the tickers of a batch with the pair, or of a half of it, and so on, while Kraken refuses the batch. */
  async function getTickers(
    upstream: Pick<Upstream, "get">,
    pair: string,
    batch: readonly string[],
  ): Promise<{
    readonly value: ReadonlyMap<string, z.infer<typeof KrakenTicker>>;
    readonly receipt: Receipt;
  }> {
    const pairs = toQuery(batch);
    if (batch.length === 1 || !refused.has(pairs)) {
      try {
        const url = `${KRAKEN_TICKER_URL}?pair=${pairs}`;
        const tickers = await getFresh(upstream, url, parseKrakenTickers);
        // Kraken knows the pair again, so the batches with it may be asked for again.
        if (refused.has(pairs)) refused.clear();
        return tickers;
      } catch (thrown) {
        if (!isUnknownPair(thrown)) throw thrown;
        refused.add(pairs);
        if (batch.length === 1) throw unknownTicker("Kraken", pair);
      }
    }
    const half = Math.ceil(batch.length / 2);
    const isFirst = batch.indexOf(pair) < half;
    return getTickers(upstream, pair, isFirst ? batch.slice(0, half) : batch.slice(half));
  }

  return {
    name: "kraken",
    title: "Kraken",
    attribution: "Kraken",
    symbols: Object.keys(tickers),
    ...EXCHANGE_PACE,
    stream: createKrakenStream(tickers),
    limits: [{ calls: 1, perMs: 1000 }],
    costPerPoll: Math.ceil(Object.keys(tickers).length / MAX_KRAKEN_PAIRS),
    async read(upstream, symbol) {
      const pair = tickerOf(tickers, symbol);
      const batch = refused.has(toQuery([pair]))
        ? [pair]
        : batchOf(tickers, symbol, MAX_KRAKEN_PAIRS).filter((other) =>
          !refused.has(toQuery([other]))
        );
      const { value, receipt } = await getTickers(upstream, pair, batch);
      const ticker = value.get(plainPair(pair));
      if (ticker === undefined) throw missingPrice("Kraken", symbol);
      const { c: [price], o: open, h: high, l: low, v: volume, b: bid, a: ask } = ticker;
      return {
        symbol,
        price,
        ...baselineFields(open, "session"),
        ...{ open, high, low, volume, bid, ask },
        as_of: null, // the response has no time
        isRepeated: true,
        ...receipt,
        ...ROUND_THE_CLOCK,
      };
    },
    async readHistory(upstream, symbol, range) {
      const intervalMin = KRAKEN_INTERVALS_MIN[range];
      const pair = tickerOf(tickers, symbol);
      const historyUrl = `${KRAKEN_OHLC_URL}?pair=${toQuery([pair])}&interval=${intervalMin}`;
      const { value: bars } = await getFresh(upstream, historyUrl, parseKrakenBars);
      return { intervalMs: intervalMin * MINUTE_MS, bars, prevClose: null };
    },
  };
}
