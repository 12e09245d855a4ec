/**
 * FRED, simulated: `/fred/series/observations?series_id=…&sort_order=desc&limit=…`.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { marketOf } from "./market.ts";
import type { SimulatedUpstream } from "./simulated.ts";

/** The close of New York's market, in UTC. */
const CLOSE_MS = 20 * 3_600_000;

const SIMULATED_SERIES: Readonly<Record<string, string>> = {
  DCOILBRENTEU: "BRENT",
  DCOILWTICO: "WTI",
  SP500: "SPX",
  DJIA: "DJI",
  NASDAQCOM: "IXIC",
};

const fredMarket = marketOf(0);

/** Simulates FRED: past closes, newest first, with `.` for days without trades. */
export const simulatedFred: SimulatedUpstream = {
  host: "api.stlouisfed.org",
  latencyMs: { least: 10, most: 40 },
  answer({ searchParams }, now) {
    const priceAt = fredMarket[SIMULATED_SERIES[searchParams.get("series_id") ?? ""] ?? ""];
    if (priceAt === undefined) {
      const error_message = "Bad Request.  The series does not exist.";
      return { status: 400, body: { error_code: 400, error_message } };
    }
    const limit = Math.min(Number(searchParams.get("limit") ?? 100), 100);
    const today = now - now % DAY_MS;
    const observations = Array.from({ length: limit }, (_, n) => {
      const day = new Date(today - (n + 1) * DAY_MS);
      const date = day.toISOString().slice(0, 10);
      const isWeekend = day.getUTCDay() % 6 === 0;
      const value = isWeekend ? "." : priceAt(day.getTime() + CLOSE_MS);
      return { realtime_start: date, realtime_end: date, date, value };
    });
    return { status: 200, body: { count: observations.length, offset: 0, limit, observations } };
  },
};
