/**
 * Frankfurter, simulated: `/v1/latest?base=…&symbols=…` and `/v1/{date}..?base=…&symbols=…`.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, isoTime } from "../core/time.ts";
import { type DemoInstrument, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

/** The time of a day at which the rates are published, in summer. */
const PUBLISHED_MS = 14 * HOUR_MS;

/** Returns midnight of the last working day whose rates are published. */
function lastFixing(now: number): number {
  let day = now - PUBLISHED_MS;
  day -= (day % DAY_MS + DAY_MS) % DAY_MS;
  while (new Date(day).getUTCDay() % 6 === 0) day -= DAY_MS;
  return day;
}

/** Creates a simulation of Frankfurter: bare numbers, and the date of the last working day. */
export function createSimulatedFrankfurter(
  instruments: readonly DemoInstrument[],
): SimulatedUpstream {
  const listings = listingsOf(instruments, "frankfurter", 0);
  return {
    host: "api.frankfurter.dev",
    latencyMs: { min: 10, max: 40 },
    respond({ pathname, searchParams }, now) {
      const base = searchParams.get("base") ?? "EUR";
      const fixedAt = lastFixing(now);
      const ratesOf = (day: number) =>
        (searchParams.get("symbols")?.split(",") ?? []).flatMap((quoted) => {
          const priceAt = lookUp(listings, `${base}/${quoted}`)?.priceAt;
          return priceAt === undefined ? [] : [[quoted, Number(priceAt(day + PUBLISHED_MS))]];
        });
      const rates = ratesOf(fixedAt);
      if (rates.length === 0) return { status: 404, body: { message: "not found" } };
      const start = /^\/v1\/(\d{4}-\d\d-\d\d)\.\.$/.exec(pathname)?.[1];
      if (start !== undefined) {
        const days = Array.from(
          { length: Math.floor((fixedAt - Date.parse(start)) / DAY_MS) + 1 },
          (_, index) => Date.parse(start) + index * DAY_MS,
        ).filter((day) => new Date(day).getUTCDay() % 6 !== 0);
        const series = days.map((
          day,
        ) => [isoTime(day).slice(0, 10), Object.fromEntries(ratesOf(day))]);
        return { status: 200, body: { amount: 1, base, rates: Object.fromEntries(series) } };
      }
      const date = isoTime(fixedAt).slice(0, 10);
      return {
        status: 200,
        body: { amount: 1, base, date, rates: Object.fromEntries(rates) },
      };
    },
  };
}
