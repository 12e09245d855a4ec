/**
 * Frankfurter: the reference rates of the European Central Bank, no key. The bank fixes them once per working day at about
 * 14:15 in Frankfurt and publishes them at about 16:00.
 * https://frankfurter.dev
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, isoTime } from "../../../core/time.ts";
import { type Bar, barOf } from "../history/bar.ts";
import { type HistoryRange, RANGES } from "../history/range.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  getFresh,
  missingPrice,
  NO_BASELINE,
  NO_FIGURES,
  parseBars,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const FRANKFURTER_URL = "https://api.frankfurter.dev/v1";

/** New rates come once per day. An hour between two polls finds them in good time. */
const FRANKFURTER_INTERVAL_MS = HOUR_MS;

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const FrankfurterRates = z.object({
  base: z.string(),
  date: z.iso.date(),
  rates: z.record(z.string(), z.unknown()),
});

/** The ranges with at least a rate per day. */
const FRANKFURTER_RANGES: ReadonlySet<HistoryRange> = new Set(["5d", "1mo", "1y"]);

const FrankfurterSeries = z.object({
  base: z.string(),
  rates: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** A bar of one rate. */
const FrankfurterBar = z.object({ date: z.iso.date(), rate: PlainNumber })
  .transform(({ date, rate }): Bar => barOf(Date.parse(date), rate));

/**
 * Creates Frankfurter, the last choice for currencies. It takes one request per base currency.
 *
 * @param tickers Pairs such as `EUR/USD`.
 */
export function createFrankfurter(tickers: Tickers): Provider {
  /** Returns the URL of all rates of a base currency, so that its pairs share a request. */
  function urlOf(base: string): string {
    const pairs = Object.values(tickers).map((pair) => pair.split("/"));
    const quoted = pairs.filter(([first]) => first === base).map(([_, second]) => second);
    return `${FRANKFURTER_URL}/latest?base=${base}&symbols=${quoted.join(",")}`;
  }

  return {
    name: "frankfurter",
    title: "Frankfurter",
    attribution: "European Central Bank, reference rates, by frankfurter.dev",
    symbols: Object.keys(tickers),
    isEndOfDay: true,
    intervalMs: FRANKFURTER_INTERVAL_MS,
    // The preferred provider is polled far more often, so the cache responds in between.
    ttlMs: FRANKFURTER_INTERVAL_MS,
    delayOf: () => ({ is_delayed: true, delay_s: null }),
    costPerPoll: new Set(Object.values(tickers).map((pair) => pair.split("/")[0])).size,
    async read(upstream, symbol) {
      const [base = "", quoted = ""] = tickerOf(tickers, symbol).split("/");
      const { value: day, receipt } = await getFresh(
        upstream,
        urlOf(base),
        (json) => FrankfurterRates.parse(parseKeepingDigits(json)),
      );
      const rate = PlainNumber.safeParse(day.rates[quoted]).data;
      if (rate === undefined || day.base !== base) throw missingPrice("Frankfurter", symbol);
      return {
        symbol,
        price: rate,
        currency: quoted,
        ...NO_BASELINE,
        ...NO_FIGURES,
        session: null,
        as_of: isoTime(Date.parse(day.date)),
        ...receipt,
        is_delayed: true,
        delay_s: null,
      };
    },
    async readHistory(upstream, symbol, range, now) {
      if (!FRANKFURTER_RANGES.has(range)) return { intervalMs: DAY_MS, bars: [], prevClose: null };
      const [base = "", quoted = ""] = tickerOf(tickers, symbol).split("/");
      const start = isoTime(now - RANGES[range].durationMs).slice(0, 10);
      const { value: bars } = await getFresh(
        upstream,
        `${FRANKFURTER_URL}/${start}..?base=${base}&symbols=${quoted}`,
        (json) => {
          const { rates } = FrankfurterSeries.parse(parseKeepingDigits(json));
          const rows = Object.entries(rates).map(([date, day]) => ({ date, rate: day[quoted] }));
          return parseBars(rows, FrankfurterBar);
        },
      );
      return { intervalMs: DAY_MS, bars, prevClose: null };
    },
  };
}
