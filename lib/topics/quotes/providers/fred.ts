/**
 * FRED, economic data of the Federal Reserve Bank of St. Louis: official closing prices of past days, 120 calls a minute.
 * https://fred.stlouisfed.org/docs/api/fred/series_observations.html
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { changeSince, getFresh, NO_CHANGE, noPrice, Price, type Provider } from "./provider.ts";

const OBSERVATIONS = "https://api.stlouisfed.org/fred/series/observations";

const FRED_DELAY_S = 86_400;

const FRED_SERIES: Readonly<Record<string, string>> = {
  BRENT: "DCOILBRENTEU",
  WTI: "DCOILWTICO",
  SPX: "SP500",
  DJI: "DJIA",
  IXIC: "NASDAQCOM",
};

/** `.` marks a day without trade. Any ten days hold two with trade. */
const Observations = z.object({
  observations: z.array(z.object({ date: z.iso.date(), value: z.string() }))
    .transform((all) => all.filter(({ value }) => value !== "."))
    .pipe(z.array(z.object({ date: z.string(), value: Price }))),
});

function parseObservations(text: string): z.infer<typeof Observations>["observations"] {
  return Observations.parse(JSON.parse(text)).observations;
}

/**
 * Creates FRED, a keyed alternate for oil and indices: one request a symbol.
 *
 * @param key Sent in the query, since FRED takes no header. Messages of an upstream never contain a query.
 */
export function createFred(key: string): Provider {
  return {
    name: "fred",
    title: "FRED",
    attribution: "This product uses the FRED® API but is not endorsed or certified by the " +
      "Federal Reserve Bank of St. Louis.",
    symbols: Object.keys(FRED_SERIES),
    intervalMs: 3_600_000,
    // The preferred provider is polled far more often: the cache answers in between.
    ttlMs: 3_600_000,
    async read(upstream, symbol) {
      const query = `series_id=${
        FRED_SERIES[symbol] ?? ""
      }&sort_order=desc&limit=10&file_type=json`;
      const url = `${OBSERVATIONS}?${query}&api_key=${key}`;
      const { value: [last, before], receipt } = await getFresh(upstream, url, parseObservations);
      if (last === undefined) throw noPrice("FRED", symbol);
      return {
        symbol,
        price: last.value,
        ...(before === undefined
          ? NO_CHANGE
          : { ...changeSince(before.value, last.value), basis: "prev_close" }),
        session: null,
        as_of: isoTime(Date.parse(last.date)),
        ...receipt,
        is_delayed: true,
        delay_s: FRED_DELAY_S,
      };
    },
  };
}
