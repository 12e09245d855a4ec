/**
 * Yahoo's chart API, as its own pages use it: undocumented, against the site's terms, and off with
 * `UNOFFICIAL_SOURCES=none`. No documented source offers oil and indices without a key.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { parseKeepingDigits } from "./decimal.ts";
import { changeSince, getFresh, NO_CHANGE, noPrice, Price, type Provider } from "./provider.ts";

const CHARTS = "https://query1.finance.yahoo.com/v8/finance/chart";

/**
 * The chart does not state its delay. For COMEX and NYMEX Yahoo's own quote pages state 10 minutes
 * (`exchangeDataDelayedBy`). For indices nothing is stated: 15 minutes is the usual delay of free US exchange data.
 */
const FUTURES_DELAY_S = 600;
const INDICES_DELAY_S = 900;

/** The ticker to request, and its delay. Oil is the future of the front month. */
const TICKERS: Readonly<Record<string, readonly [ticker: string, delayS: number]>> = {
  BRENT: ["BZ=F", FUTURES_DELAY_S],
  WTI: ["CL=F", FUTURES_DELAY_S],
  SPX: ["^GSPC", INDICES_DELAY_S],
  DJI: ["^DJI", INDICES_DELAY_S],
  IXIC: ["^IXIC", INDICES_DELAY_S],
};

/** Numbers are strings: see `parseKeepingDigits`. */
const Milliseconds = z.string().regex(/^\d{1,11}$/).transform((seconds) => Number(seconds) * 1000);

const YahooMeta = z.object({
  symbol: z.string(),
  currency: z.literal("USD"),
  regularMarketPrice: Price,
  regularMarketTime: Milliseconds,
  /** The close before today: only in a chart of one day. `chartPreviousClose` is the close before the whole range. */
  previousClose: Price.optional(),
  currentTradingPeriod: z.object({ regular: z.object({ start: Milliseconds, end: Milliseconds }) }),
});

const YahooAnswer = z.object({
  chart: z.object({ result: z.tuple([z.object({ meta: YahooMeta })]) }),
});

function parseChart(text: string): z.infer<typeof YahooMeta> {
  return YahooAnswer.parse(parseKeepingDigits(text)).chart.result[0].meta;
}

/** Yahoo, for oil and indices: one request a symbol. */
export const yahoo: Provider = {
  name: "yahoo",
  title: "Yahoo Finance",
  attribution: "Yahoo Finance, unofficial, delayed",
  symbols: Object.keys(TICKERS),
  intervalMs: 60_000,
  closedIntervalMs: 5 * 60_000,
  ttlMs: 45_000,
  headers: { "user-agent": "Mozilla/5.0 (compatible; Edgetape)" },
  async read(upstream, symbol) {
    const [ticker = "", delayS = null] = TICKERS[symbol] ?? [];
    const url = `${CHARTS}/${encodeURIComponent(ticker)}?range=1d&interval=5m`;
    const { value: meta, receipt } = await getFresh(upstream, url, parseChart);
    if (meta.symbol !== ticker) throw noPrice("Yahoo Finance", symbol);
    const { regularMarketPrice: price, previousClose } = meta;
    return {
      symbol,
      price,
      ...(previousClose === undefined
        ? NO_CHANGE
        : { ...changeSince(previousClose, price), basis: "prev_close" }),
      session: null,
      period: meta.currentTradingPeriod.regular,
      as_of: isoTime(meta.regularMarketTime),
      ...receipt,
      is_delayed: true,
      delay_s: delayS,
    };
  },
};
