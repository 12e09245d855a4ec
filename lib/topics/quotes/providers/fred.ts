/**
 * FRED, the economic data of the Federal Reserve Bank of St. Louis: the close of days past, official, 120 calls a minute.
 * https://fred.stlouisfed.org/docs/api/fred/series_observations.html
 *
 * @module
 */
import { z } from "zod";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import { changeSince, getFresh, isoTime, Price, type Provider } from "./provider.ts";

const OBSERVATIONS = "https://api.stlouisfed.org/fred/series/observations";

const DAY_S = 86_400;

const SERIES: Readonly<Record<string, string>> = {
  BRENT: "DCOILBRENTEU",
  WTI: "DCOILWTICO",
  SPX: "SP500",
  DJI: "DJIA",
  IXIC: "NASDAQCOM",
};

/** `.` stands for a day without trade. Ten days hold two with one, whatever the holidays. */
const Observations = z.object({
  observations: z.array(z.object({ date: z.iso.date(), value: z.string() }))
    .transform((all) => all.filter(({ value }) => value !== "."))
    .pipe(z.array(z.object({ date: z.string(), value: Price }))),
});

function parse(text: string): z.infer<typeof Observations>["observations"] {
  return Observations.parse(JSON.parse(text)).observations;
}

/**
 * FRED, which steps in for oil and indices where an operator has a key: one request a symbol.
 *
 * @param key It goes in the query, since there is no header for it: no message of an upstream ever holds a query.
 */
export function createFred(key: string): Provider {
  return {
    name: "fred",
    title: "FRED",
    attribution: "This product uses the FRED® API but is not endorsed or certified by the " +
      "Federal Reserve Bank of St. Louis.",
    symbols: Object.keys(SERIES),
    intervalMs: 3_600_000,
    // As long as the interval: while it stands in for others, they are tried far more often.
    ttlMs: 3_600_000,
    async read(upstream, symbol) {
      const query = `series_id=${SERIES[symbol] ?? ""}&sort_order=desc&limit=10&file_type=json`;
      const url = `${OBSERVATIONS}?${query}&api_key=${key}`;
      const { value: [last, before], receivedAt } = await getFresh(upstream, url, parse);
      if (last === undefined) {
        throw new UpstreamFailure("shape", `FRED gave no price of ${symbol}`);
      }
      return {
        symbol,
        price: last.value,
        ...(before === undefined
          ? { change: null, change_pct: null, basis: "none" }
          : { ...changeSince(before.value, last.value), basis: "prev_close" }),
        session: null,
        as_of: isoTime(Date.parse(last.date)),
        received_at: isoTime(receivedAt),
        is_delayed: true,
        delay_s: DAY_S,
      };
    },
  };
}
