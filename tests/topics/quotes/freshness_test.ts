import { assertEquals } from "@std/assert";
import {
  freshnessOf,
  type Observation,
  track,
  type TrackedReading,
} from "../../../lib/topics/quotes/freshness.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { NO_BASELINE, NO_FIGURES } from "../../../lib/topics/quotes/providers/provider.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";

/** The poll interval of every source. */
const INTERVAL_MS = 60_000;
const INSTRUMENTS = instrumentsFor({});
const spanAt = createMarketHours();

/**
 * Returns the wall time of a day and an hour in November 2026. The 18th is a Wednesday. Indices are open from 14:30 to
 * 21:00 UTC, metals and oil from 23:00 to 22:00.
 */
const at = (time: string) => Date.parse(`2026-11-${time}:00Z`);

/** Creates an observation of an index whose source reports no hours, unless `overrides` has a period. */
function observation(
  received: string,
  traded: string | null,
  overrides: Partial<Observation> = {},
): Observation {
  return {
    symbol: "SPX",
    session: null,
    delay_s: null,
    as_of: traded === null ? null : new Date(at(traded)).toISOString(),
    receivedAt: at(received),
    newsAt: at(received),
    ...overrides,
  };
}

const READING = {
  price: "7738.79",
  ...NO_BASELINE,
  ...NO_FIGURES,
  is_delayed: false,
  delay_s: null,
} as const;

/** The wall time at which monotonic time is 0. */
const MONOTONIC_ORIGIN = at("18T00:00");

/** Creates a reading that is tracked at its receipt. */
function trackedReading(
  received: string,
  traded: string | null,
  previous?: TrackedReading,
  delay_s: number | null = null,
): TrackedReading {
  const { symbol, session, as_of, receivedAt } = observation(received, traded);
  const received_at = new Date(receivedAt).toISOString();
  const receivedElapsed = receivedAt - MONOTONIC_ORIGIN;
  const reading = { ...READING, symbol, session, as_of, received_at, receivedElapsed, delay_s };
  return track(reading, previous, INTERVAL_MS);
}

/** Converts a tracked reading to an observation on the wall clock. */
function toObservation({ receivedElapsed, newsElapsed, ...reading }: TrackedReading): Observation {
  return {
    ...reading,
    receivedAt: MONOTONIC_ORIGIN + receivedElapsed,
    newsAt: MONOTONIC_ORIGIN + newsElapsed,
  };
}

/** Summarizes the freshness of an observation at a time, and the time until which it lasts. */
function freshnessAt(observed: Observation, time: string): string {
  const { session, isStale, until } = freshnessOf(observed, {
    instruments: INSTRUMENTS,
    spanAt,
    intervalMs: INTERVAL_MS,
    now: at(time),
  });
  const end = Number.isFinite(until) ? new Date(until).toISOString().slice(8, 16) : "ever";
  return `${session}${isStale ? " stale" : ""} until ${end}`;
}

Deno.test("a quote of an open market is stale after two intervals of silence", () => {
  const quote = observation("18T15:00", "18T14:59");
  assertEquals(freshnessAt(quote, "18T15:01"), "open until 18T15:02");
  assertEquals(freshnessAt(quote, "18T15:02"), "open stale until 18T21:00");
  assertEquals(
    freshnessOf(quote, {
      instruments: INSTRUMENTS,
      spanAt,
      intervalMs: INTERVAL_MS,
      now: at("18T16:00"),
    }).since,
    at("18T15:02"),
  );
});

Deno.test("a quote of a closed market is not stale, and its session follows the calendar", () => {
  const quote = observation("18T20:59", "18T20:59");
  assertEquals(freshnessAt(quote, "18T20:59"), "open until 18T21:00");
  assertEquals(freshnessAt(quote, "18T21:00"), "closed until 19T14:30");
  assertEquals(freshnessAt(quote, "19T14:29"), "closed until 19T14:30");
});

Deno.test("silence counts from the opening of a market, so that the first poll of a day may be late", () => {
  const quote = observation("19T14:26", "18T21:00");
  assertEquals(freshnessAt(quote, "19T14:30"), "open until 19T14:32");
  assertEquals(freshnessAt(quote, "19T14:32"), "open stale until 19T21:00");
});

Deno.test("a holiday follows from the absence of trades, and ends with a trade", () => {
  const yesterday = { period: { start: at("18T14:30"), end: at("18T21:00") } };
  const quiet = observation("19T15:00", "18T21:00", yesterday);
  assertEquals(freshnessAt(quiet, "19T15:00"), "closed until 19T15:02");
  // A source without hours may be stuck.
  const stuck = observation("19T15:00", "18T21:00", { newsAt: at("18T21:00") });
  assertEquals(freshnessAt(stuck, "19T15:00"), "open stale until 19T21:00");
  // Silence does not prove a holiday.
  assertEquals(freshnessAt(quiet, "19T15:02"), "open stale until 19T21:00");
  assertEquals(freshnessAt(observation("19T15:01", "19T14:45"), "19T15:01"), "open until 19T15:03");
  // A response without a market time counts as news.
  assertEquals(freshnessAt(observation("19T15:01", null), "19T15:01"), "open until 19T15:03");
});

Deno.test("a delayed source is neither closed nor stale until the first trade of a session is due", () => {
  const delayed = { delay_s: 900 };
  const quiet = observation("19T14:40", "18T21:00", delayed);
  assertEquals(freshnessAt(quiet, "19T14:40"), "open until 19T14:42");
  assertEquals(freshnessAt(quiet, "19T14:42"), "open stale until 19T21:00");
  const responding = observation("19T14:45", "18T21:00", { ...delayed, newsAt: at("18T21:00") });
  assertEquals(freshnessAt(responding, "19T14:46"), "open until 19T14:47");
  const period = { start: at("18T14:30"), end: at("18T21:00") };
  const holiday = observation("19T14:47", "18T21:00", { ...delayed, period });
  assertEquals(freshnessAt(holiday, "19T14:47"), "closed until 19T14:49");
  // After the first trade of the session, silence counts again.
  const traded = observation("19T14:46", "19T14:31", delayed);
  assertEquals(freshnessAt(traded, "19T14:48"), "open stale until 19T21:00");
});

Deno.test("a session in the response takes precedence over the calendar until the calendar's next change", () => {
  const closedEarly = observation("18T18:30", "18T18:00", { session: "closed" });
  assertEquals(freshnessAt(closedEarly, "18T20:00"), "closed until 18T21:00");
  assertEquals(freshnessAt(closedEarly, "19T14:30"), "open until 19T14:32");
  const openLate = observation("18T21:30", "18T21:30", { session: "post" });
  assertEquals(freshnessAt(openLate, "18T21:30"), "post until 18T21:32");
});

Deno.test("hours in the response take precedence over the calendar until they end", () => {
  const halfDay = observation("18T16:00", "18T16:00", {
    period: { start: at("18T14:30"), end: at("18T18:00") },
  });
  assertEquals(freshnessAt(halfDay, "18T16:00"), "open until 18T16:02");
  assertEquals(freshnessAt(halfDay, "18T18:00"), "closed until 18T21:00");
  assertEquals(freshnessAt(halfDay, "18T21:00"), "closed until 19T14:30");
  assertEquals(freshnessAt(halfDay, "19T14:31"), "open until 19T14:32");
  const next = { period: { start: at("19T16:00"), end: at("19T21:00") } };
  assertEquals(
    freshnessAt(observation("19T15:00", "18T21:00", next), "19T15:00"),
    "closed until 19T16:00",
  );
  assertEquals(
    freshnessAt(observation("19T16:01", "18T21:00", next), "19T16:01"),
    "closed until 19T16:03",
  );
});

Deno.test("the calendar takes precedence over hours in the response that trades contradict", () => {
  const day = { symbol: "WTI", period: { start: at("18T05:00"), end: at("19T04:59") } };
  const quiet = observation("18T22:10", "18T22:00", day);
  assertEquals(freshnessAt(quiet, "18T22:10"), "closed until 18T23:00");
  const traded = observation("18T22:10", "18T22:05", day);
  assertEquals(freshnessAt(traded, "18T22:10"), "open until 18T22:12");
  const evening = { symbol: "WTI", period: { start: at("18T05:00"), end: at("18T22:00") } };
  assertEquals(
    freshnessAt(observation("18T23:30", "18T23:20", evening), "18T23:30"),
    "open until 18T23:32",
  );
});

Deno.test("a source that repeats the same market time goes stale, although it responds", () => {
  const first = trackedReading("18T15:00", "18T14:59");
  const same = trackedReading("18T15:01", "18T14:59", first);
  assertEquals(freshnessAt(toObservation(same), "18T15:01"), "open until 18T15:02");
  assertEquals(freshnessAt(toObservation(same), "18T15:02"), "open stale until 18T21:00");
  const newer = trackedReading("18T15:01", "18T15:00", first);
  assertEquals(freshnessAt(toObservation(newer), "18T15:02"), "open until 18T15:03");
  // Without a market time every response is news.
  const timeless = trackedReading("18T15:01", null, first);
  assertEquals(freshnessAt(toObservation(timeless), "18T15:02"), "open until 18T15:03");
});

Deno.test("a quote that is a week old is evaluated by the current trading hours", () => {
  const old = observation("11T15:00", "11T14:59", { session: "open" });
  assertEquals(freshnessAt(old, "18T15:00"), "open stale until 18T21:00");
  assertEquals(freshnessAt(old, "21T15:00"), "closed until 23T14:30");
  const coin = { ...old, symbol: "BTC-USD", session: "always" } as const;
  assertEquals(freshnessAt(coin, "21T15:00"), "always stale until ever");
});

Deno.test("a price that is old at its receipt is only as fresh as its market time", () => {
  const old = trackedReading("18T15:00", "18T14:40");
  assertEquals(freshnessAt(toObservation(old), "18T15:00"), "open stale until 18T21:00");
  const delayed = trackedReading("18T15:00", "18T14:45", undefined, 900);
  assertEquals(freshnessAt(toObservation(delayed), "18T15:00"), "open until 18T15:02");
});
