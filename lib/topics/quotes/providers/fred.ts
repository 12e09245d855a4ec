/**
 * FRED, economic data of the Federal Reserve Bank of St. Louis: official closing prices of past days, 120 calls
 * per minute.
 * https://fred.stlouisfed.org/docs/api/fred/series_observations.html
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, isoTime } from "../../../core/time.ts";
import { type Bar, barOf } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  baselineFields,
  getFresh,
  missingPrice,
  NO_FIGURES,
  parseBars,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const FRED_OBSERVATIONS_URL = "https://api.stlouisfed.org/fred/series/observations";

/** A new price comes once per day. An hour between two polls finds it in good time. */
const FRED_INTERVAL_MS = HOUR_MS;

/** Any ten days contain two days with a trade: the last price and the previous one. */
const MAX_OBSERVATION_DAYS = 10;

const FredResponse = z.object({ observations: z.array(z.unknown()) });

/** `.` in place of a value marks a day without a trade. */
const FredObservation = z.object({ date: z.iso.date(), value: PlainNumber });

/** Parses the days with a price, the latest first, in whatever order they come. */
function parseObservations(json: string): z.infer<typeof FredObservation>[] {
  return FredResponse.parse(parseKeepingDigits(json)).observations
    .map((observation) => FredObservation.safeParse(observation).data)
    .filter((observation) => observation !== undefined)
    .toSorted((a, b) => b.date.localeCompare(a.date));
}

/** The days that cover a range. Shorter ranges have no closes between them. */
const FRED_HISTORY_DAYS: Readonly<Partial<Record<HistoryRange, number>>> = {
  "5d": MAX_OBSERVATION_DAYS,
  "1mo": 31,
  "1y": 366,
};

/** A bar of one close. */
const FredBar = FredObservation.transform(({ date, value }): Bar => barOf(Date.parse(date), value));

function parseFredBars(json: string): Bar[] {
  return parseBars(FredResponse.parse(parseKeepingDigits(json)).observations, FredBar);
}

/**
 * Creates FRED, an alternate for oil and indices that needs a key. It takes one request per symbol.
 *
 * @param tickers Ids of series.
 * @param key The API key. It is sent in the query, since FRED accepts no header. No message of an upstream contains a query.
 */
export function createFred(tickers: Tickers, key: string): Provider {
  return {
    name: "fred",
    title: "FRED",
    attribution: "This product uses the FRED® API but is not endorsed or certified by the " +
      "Federal Reserve Bank of St. Louis.",
    symbols: Object.keys(tickers),
    isEndOfDay: true,
    intervalMs: FRED_INTERVAL_MS,
    // The preferred provider is polled far more often, so the cache responds in between.
    ttlMs: FRED_INTERVAL_MS,
    delayOf: () => ({ is_delayed: true, delay_s: null }),
    limits: [{ calls: 120, perMs: 60_000 }],
    async read(upstream, symbol) {
      const series = encodeURIComponent(tickerOf(tickers, symbol));
      const url = `${FRED_OBSERVATIONS_URL}?series_id=${series}&sort_order=desc` +
        `&limit=${MAX_OBSERVATION_DAYS}&file_type=json&api_key=${key}`;
      const { value: [last, previous], receipt } = await getFresh(upstream, url, parseObservations);
      if (last === undefined) throw missingPrice("FRED", symbol);
      return {
        symbol,
        price: last.value,
        ...baselineFields(previous?.value ?? null, "prev_close"),
        ...NO_FIGURES,
        session: null,
        as_of: isoTime(Date.parse(last.date)),
        ...receipt,
        is_delayed: true,
        delay_s: null,
      };
    },
    async readHistory(upstream, symbol, range) {
      const days = FRED_HISTORY_DAYS[range];
      if (days === undefined) return { intervalMs: DAY_MS, bars: [], prevClose: null };
      const url =
        `${FRED_OBSERVATIONS_URL}?series_id=${encodeURIComponent(tickerOf(tickers, symbol))}` +
        `&sort_order=desc&limit=${days}&file_type=json&api_key=${key}`;
      const { value: bars } = await getFresh(upstream, url, parseFredBars);
      return { intervalMs: DAY_MS, bars, prevClose: null };
    },
  };
}
