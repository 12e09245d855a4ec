/**
 * FRED, simulated: `/fred/series/observations?series_id=…&sort_order=desc&limit=…`.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, isoTime } from "../core/time.ts";
import { type DemoInstrument, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

/** The close of New York's market in summer, after midnight UTC. */
const CLOSE_MS = 20 * HOUR_MS;

/** The most observations in a response. It bounds the work of a request. */
const MAX_OBSERVATIONS = 366;

/** Creates a simulation of FRED: past closes, newest first, with `.` for days without trades. */
export function createSimulatedFred(instruments: readonly DemoInstrument[]): SimulatedUpstream {
  const listings = listingsOf(instruments, "fred", 0);
  return {
    host: "api.stlouisfed.org",
    latencyMs: { min: 10, max: 40 },
    respond({ searchParams }, now) {
      const priceAt = lookUp(listings, searchParams.get("series_id"))?.priceAt;
      if (priceAt === undefined) {
        const error_message = "Bad Request.  The series does not exist.";
        return { status: 400, body: { error_code: 400, error_message } };
      }
      const requested = Number(searchParams.get("limit") ?? MAX_OBSERVATIONS);
      const limit = Math.min(requested, MAX_OBSERVATIONS);
      const today = now - now % DAY_MS;
      const observations = Array.from({ length: limit }, (_, index) => {
        const day = new Date(today - (index + 1) * DAY_MS);
        const date = isoTime(day.getTime()).slice(0, 10);
        const isWeekend = day.getUTCDay() % 6 === 0;
        const value = isWeekend ? "." : priceAt(day.getTime() + CLOSE_MS);
        return { realtime_start: date, realtime_end: date, date, value };
      });
      return { status: 200, body: { count: observations.length, offset: 0, limit, observations } };
    },
  };
}
