/**
 * Frankfurter, simulated: `/v1/latest?base=…&symbols=…`.
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
    respond({ searchParams }, now) {
      const base = searchParams.get("base") ?? "EUR";
      const fixedAt = lastFixing(now);
      const rates = (searchParams.get("symbols")?.split(",") ?? []).flatMap((quoted) => {
        const priceAt = lookUp(listings, `${base}/${quoted}`)?.priceAt;
        return priceAt === undefined ? [] : [[quoted, Number(priceAt(fixedAt + PUBLISHED_MS))]];
      });
      if (rates.length === 0) return { status: 404, body: { message: "not found" } };
      const date = isoTime(fixedAt).slice(0, 10);
      return {
        status: 200,
        body: { amount: 1, base, date, rates: Object.fromEntries(rates) },
      };
    },
  };
}
