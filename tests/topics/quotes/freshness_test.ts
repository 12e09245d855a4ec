import { assertEquals } from "@std/assert";
import { createManualClock } from "../../support/manual_clock.ts";
import { HOUR_MS, isoTime } from "../../../lib/core/time.ts";
import {
  type Freshness,
  freshnessOf,
  FreshnessRules,
  type Observation,
  type SourcePace,
} from "../../../lib/topics/quotes/freshness.ts";
import { track, type TrackedReading } from "../../../lib/topics/quotes/tracked_reading.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { NO_BASELINE, NO_FIGURES } from "../../../lib/topics/quotes/providers/provider.ts";
import type { Quote } from "../../../lib/topics/quotes/quote.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";

/** The poll interval of every source. */
const INTERVAL_MS = 60_000;
const INSTRUMENTS = instrumentsFor({
  SYMBOLS: ["BTC-USD", "XAU-USD", "WTI", "SPX", "AAPL", "EUR-USD", "N225"],
});
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

/** A quote that another isolate published. */
const QUOTE: Quote = {
  ...NO_FIGURES,
  symbol: "SPX",
  name: "S&P 500",
  class: "indices",
  price: "7738.79",
  change: null,
  change_pct: null,
  basis: "none",
  prev_close: null,
  currency: "USD",
  unit: "points",
  decimals: 2,
  session: "open",
  next_open: null,
  as_of: null,
  received_at: isoTime(at("18T15:00")),
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "yahoo",
  attribution: "Yahoo",
  simulated: false,
};

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

const HOURLY_CLOSES: SourcePace = { intervalMs: HOUR_MS, isEndOfDay: true };

const dayAndTime = (ms: number) => new Date(ms).toISOString().slice(8, 16);

/** Determines the freshness of an observation at a time. */
function assess(
  observed: Observation,
  time: string,
  pace: SourcePace = { intervalMs: INTERVAL_MS },
): Freshness {
  return freshnessOf(observed, { instruments: INSTRUMENTS, spanAt, pace, now: at(time) });
}

/** Summarizes the freshness of an observation at a time, and the time until which it lasts. */
function freshnessAt(observed: Observation, time: string, pace?: SourcePace): string {
  const { session, isStale, until } = assess(observed, time, pace);
  const end = Number.isFinite(until) ? dayAndTime(until) : "ever";
  return `${session}${isStale ? " stale" : ""} until ${end}`;
}

/** Returns the next opening of a market, as an observation shows it: null if it is open. */
function nextOpenAt(observed: Observation, time: string, pace?: SourcePace): string | null {
  const opensAt = assess(observed, time, pace).nextOpenAt;
  return opensAt === null ? null : dayAndTime(opensAt);
}

Deno.test("a quote of an open market is stale after two intervals of silence", () => {
  const quote = observation("18T15:00", "18T14:59");
  assertEquals(freshnessAt(quote, "18T15:01"), "open until 18T15:02");
  assertEquals(freshnessAt(quote, "18T15:02"), "open stale until 18T21:00");
  assertEquals(assess(quote, "18T16:00").since, at("18T15:02"));
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
  const traded = observation("18T22:25", "18T22:21", day);
  assertEquals(freshnessAt(traded, "18T22:25"), "open until 18T22:27");
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

/** Creates the observation of a price of a past day, whose date is known only. */
const closeOf = (day: string, overrides: Partial<Observation> = {}) =>
  observation("20T12:00", `${day}T00:00`, overrides);

Deno.test("a closing price is closed while its market trades, and stale after more than five sessions", () => {
  // The market of the 12th closed on that day at 21:00. The fifth session since then is that of the 19th.
  const close = closeOf("12");
  assertEquals(freshnessAt(close, "13T15:00", HOURLY_CLOSES), "closed until 13T21:00");
  assertEquals(freshnessAt(close, "19T22:00", HOURLY_CLOSES), "closed until 20T14:30");
  assertEquals(freshnessAt(close, "20T20:59", HOURLY_CLOSES), "closed until 20T21:00");
  assertEquals(freshnessAt(close, "20T21:00", HOURLY_CLOSES), "closed stale until 23T14:30");
  assertEquals(assess(close, "22T12:00", HOURLY_CLOSES).since, at("20T21:00"));
});

Deno.test("holidays do not age a closing price, and silence of its source does not either", () => {
  // The 26th is Thanksgiving.
  const close = closeOf("19");
  assertEquals(freshnessAt(close, "27T17:00", HOURLY_CLOSES), "closed until 27T18:00");
  assertEquals(freshnessAt(close, "27T18:00", HOURLY_CLOSES), "closed until 30T14:30");
  assertEquals(freshnessAt(close, "30T21:00", HOURLY_CLOSES).startsWith("closed stale"), true);
});

Deno.test("the sessions of futures, of currencies and of Tokyo age a closing price from its own close on", () => {
  for (
    const [symbol, staleAt] of [["XAU-USD", "20T22:00"], ["EUR-USD", "20T22:00"], [
      "N225",
      "20T06:30",
    ]]
  ) {
    const close = closeOf("12", { symbol: symbol ?? "" });
    const { until, isStale } = assess(close, "20T05:00", HOURLY_CLOSES);
    assertEquals([isStale, dayAndTime(until)], [false, staleAt], symbol);
  }
  const coin = closeOf("12", { symbol: "BTC-USD" });
  assertEquals(freshnessAt(coin, "18T23:59", HOURLY_CLOSES), "closed until 19T00:00");
});

Deno.test("a last print some minutes after the bell leaves the market closed", () => {
  const halfDay = observation("18T18:10", "18T18:05", {
    period: { start: at("18T14:30"), end: at("18T18:00") },
  });
  assertEquals(freshnessAt(halfDay, "18T18:30"), "closed until 18T21:00");
  // The 27th is a half day of the calendar, which the source does not know.
  const unknownHalfDay = observation("27T18:10", "27T18:04", {
    period: { start: at("27T14:30"), end: at("27T21:00") },
  });
  assertEquals(freshnessAt(unknownHalfDay, "27T18:30"), "closed until 30T14:30");
  const future = { symbol: "WTI", period: { start: at("20T05:00"), end: at("21T04:59") } };
  for (const last of ["20T22:01", "20T22:19"]) {
    assertEquals(
      freshnessAt(observation("20T22:30", last, future), "20T22:30"),
      "closed until 22T23:00",
    );
  }
});

Deno.test("a print some seconds before the bell is a trade of the session", () => {
  const period = { start: at("18T14:30"), end: at("18T21:00") };
  const early = observation("18T14:50", "18T14:29", { period });
  assertEquals(freshnessAt(early, "18T14:50"), "open until 18T14:52");
});

Deno.test("trades before the reported hours open a market that its calendar opens", () => {
  // Sunday evening, with the hours of Monday.
  const monday = { symbol: "WTI", period: { start: at("23T05:00"), end: at("24T04:59") } };
  assertEquals(
    freshnessAt(observation("22T22:50", "20T22:00", monday), "22T22:50"),
    "closed until 22T23:00",
  );
  assertEquals(
    freshnessAt(observation("22T23:05", "20T22:00", monday), "22T23:05"),
    "closed until 23T05:00",
  );
  assertEquals(
    freshnessAt(observation("22T23:05", "22T23:04", monday), "22T23:05"),
    "open until 22T23:07",
  );
});

Deno.test("hours in the response that no market has are ignored", () => {
  for (
    const period of [
      { start: at("18T21:00"), end: at("18T14:30") },
      { start: 0, end: 0 },
      { start: 0, end: at("18T21:00") },
      { start: at("18T14:30"), end: at("30T14:30") },
    ]
  ) {
    const quote = observation("18T15:00", "18T15:00", { period });
    assertEquals(freshnessAt(quote, "18T15:00"), "open until 18T15:02");
    assertEquals(freshnessAt(quote, "18T21:00"), "closed until 19T14:30");
  }
});

Deno.test("a closed market has a next opening, over weekends, holidays and early closes, and an open one has none", () => {
  const quote = observation("18T15:00", "18T15:00");
  assertEquals(nextOpenAt(quote, "18T15:00"), null);
  assertEquals(nextOpenAt(quote, "18T21:00"), "19T14:30");
  assertEquals(nextOpenAt(quote, "20T21:00"), "23T14:30");
  assertEquals(nextOpenAt(quote, "25T21:00"), "27T14:30", "Thanksgiving");
  assertEquals(nextOpenAt(quote, "27T18:00"), "30T14:30", "an early close");
  assertEquals(nextOpenAt({ ...quote, symbol: "WTI" }, "20T22:00"), "22T23:00");
  assertEquals(nextOpenAt({ ...quote, symbol: "BTC-USD" }, "20T22:00"), null);
  const closed = observation("18T18:30", "18T18:00", { session: "closed" });
  assertEquals(nextOpenAt(closed, "18T18:30"), "19T14:30", "an early close of the source");
  const late = { period: { start: at("18T16:00"), end: at("18T21:00") } };
  assertEquals(nextOpenAt(observation("18T15:00", "17T21:00", late), "18T15:00"), "18T16:00");
  const quiet = { period: { start: at("17T14:30"), end: at("17T21:00") } };
  assertEquals(nextOpenAt(observation("18T15:00", "17T21:00", quiet), "18T15:00"), "19T14:30");
  assertEquals(nextOpenAt(closeOf("17"), "18T12:00", HOURLY_CLOSES), "18T14:30");
  assertEquals(nextOpenAt(closeOf("17"), "18T15:00", HOURLY_CLOSES), null);
});

Deno.test("trades outside a session prove pre-market and after-hours trading of US shares only", () => {
  const share = { symbol: "AAPL" };
  const post = observation("18T21:40", "18T21:35", share);
  assertEquals(freshnessAt(post, "18T21:40"), "post until 18T21:42");
  assertEquals(nextOpenAt(post, "18T21:40"), "19T14:30");
  assertEquals(freshnessAt(post, "18T21:42"), "post stale until 19T01:00");
  assertEquals(freshnessAt(post, "19T01:00"), "closed until 19T14:30");
  // A thin market is not silent while its source responds.
  assertEquals(
    freshnessAt({ ...post, receivedAt: at("18T22:40") }, "18T22:40"),
    "post until 18T22:42",
  );
  const pre = observation("19T10:40", "19T10:35", share);
  assertEquals(freshnessAt(pre, "19T10:40"), "pre until 19T10:42");
  assertEquals(nextOpenAt(pre, "19T10:40"), "19T14:30");
  assertEquals(
    freshnessAt(observation("19T10:40", "18T21:35", share), "19T10:40"),
    "closed until 19T14:30",
  );
  assertEquals(
    freshnessAt(observation("18T21:40", "18T21:10", share), "18T21:40"),
    "closed until 19T14:30",
  );
  assertEquals(
    freshnessAt(observation("18T21:40", "18T21:35"), "18T21:40"),
    "closed until 19T14:30",
  );
});

Deno.test("a halt that the source reports is shown, also of a market that never closes, and is no silence", () => {
  const halted = observation("18T15:10", "18T15:00", { session: "halted", newsAt: at("18T15:00") });
  assertEquals(freshnessAt(halted, "18T15:10"), "halted until 18T15:12");
  assertEquals(freshnessAt(halted, "18T15:12"), "halted stale until 18T21:00");
  assertEquals(freshnessAt(halted, "18T21:00"), "closed until 19T14:30");
  const coin = { ...halted, symbol: "BTC-USD" };
  assertEquals(freshnessAt(coin, "18T15:10"), "halted until 18T15:12");
});

Deno.test("a source that repeats its price without market times is stale once an open market is quiet for minutes", () => {
  const gold = { symbol: "XAU-USD", isRepeated: true };
  const read = (received: string, price: string, previous?: TrackedReading) => {
    const { as_of, newsElapsed: _news, ...reading } = trackedReading(received, null);
    return track({ ...reading, ...gold, as_of, price }, previous, INTERVAL_MS);
  };
  const first = read("18T15:00", "4165.2");
  const repeated = read("18T15:05", "4165.2", first);
  assertEquals(freshnessAt(toObservation(repeated), "18T15:06"), "open until 18T15:07");
  assertEquals(freshnessAt(toObservation(repeated), "18T15:07"), "open stale until 18T22:00");
  assertEquals(
    freshnessAt(toObservation(read("18T15:05", "4165.3", first)), "18T15:06"),
    "open until 18T15:07",
  );
  const again = read("18T15:10", "4165.2", repeated);
  assertEquals(freshnessAt(toObservation(again), "18T15:10"), "open stale until 18T22:00");
  assertEquals(
    freshnessAt(toObservation(read("18T15:10", "4165.9", again)), "18T15:10"),
    "open until 18T15:12",
  );
  // The price of Friday may stay for some minutes after the opening on Sunday.
  const friday = read("20T21:59", "4165.2");
  const weekend = read("22T23:04", "4165.2", friday);
  assertEquals(freshnessAt(toObservation(weekend), "22T12:00"), "closed until 22T23:00");
  assertEquals(freshnessAt(toObservation(weekend), "22T23:04"), "open until 22T23:06");
});

Deno.test("marketTimeOf() dates a closing price by the close of its day, once it is over", () => {
  const rules = new FreshnessRules(createManualClock(at("20T12:00")), INSTRUMENTS, spanAt);
  const dateOf = (symbol: string, day: string, received = "20T12:00") => {
    const reading = { ...trackedReading(received, `${day}T00:00`), symbol };
    const time = rules.marketTimeOf(reading, HOURLY_CLOSES);
    return time === null ? null : dayAndTime(Date.parse(time));
  };
  assertEquals(dateOf("SPX", "19"), "19T21:00");
  assertEquals(dateOf("WTI", "19"), "19T22:00");
  assertEquals(dateOf("N225", "19"), "19T06:30");
  assertEquals(dateOf("EUR-USD", "19"), "19T22:00");
  assertEquals(dateOf("SPX", "20"), "20T00:00", "before the close");
  const timed = { ...trackedReading("20T12:00", "19T14:15"), symbol: "EUR-USD" };
  assertEquals(rules.marketTimeOf(timed, HOURLY_CLOSES), isoTime(at("19T14:15")));
  assertEquals(rules.marketTimeOf(timed, { intervalMs: INTERVAL_MS }), isoTime(at("19T14:15")));
});

Deno.test("a quote of an isolate whose clock is ahead is stale once it has been known for two intervals", async () => {
  const clock = createManualClock(at("18T15:00"));
  const rules = new FreshnessRules(clock, INSTRUMENTS, spanAt);
  const quote = { ...QUOTE, received_at: isoTime(at("18T15:10")) };
  const isStale = () => rules.assessQuote(quote, { intervalMs: INTERVAL_MS }).isStale;
  assertEquals(isStale(), false);
  await clock.advance(2 * INTERVAL_MS - 1);
  assertEquals(isStale(), false);
  await clock.advance(1);
  assertEquals(isStale(), true);
});

Deno.test("a market is closed during its pause at noon, and silence counts anew after it", () => {
  // Tokyo pauses from 2:30 to 3:30 UTC.
  for (const period of [undefined, { start: at("18T00:00"), end: at("18T06:30") }]) {
    const quote = {
      ...observation("18T02:31", "18T02:30", { symbol: "N225" }),
      ...period === undefined ? {} : { period },
    };
    assertEquals(freshnessAt(quote, "18T02:45"), "closed until 18T03:30");
    assertEquals(nextOpenAt(quote, "18T02:45"), "18T03:30");
    const heard = { ...quote, receivedAt: at("18T03:29") };
    assertEquals(freshnessAt(heard, "18T03:30"), "open until 18T03:32");
    const afternoon = { ...heard, receivedAt: at("18T03:40"), as_of: isoTime(at("18T03:39")) };
    assertEquals(
      freshnessAt({ ...afternoon, newsAt: at("18T03:40") }, "18T03:40"),
      "open until 18T03:42",
    );
  }
});

Deno.test("a future is not stale when it opens after its break, although its source reports one long day", () => {
  const day = { symbol: "WTI", period: { start: at("18T05:00"), end: at("19T04:59") } };
  const quiet = observation("18T22:59", "18T21:59", { ...day, newsAt: at("18T22:00") });
  assertEquals(freshnessAt(quiet, "18T22:59"), "closed until 18T23:00");
  assertEquals(freshnessAt(quiet, "18T23:00"), "open until 18T23:02");
});

Deno.test("a share that has not traded for weeks is stale, in an open market and in a closed one", () => {
  // The hours of today, as a source also states them for a delisted share.
  const today = (day: string) => ({ start: at(`${day}T14:30`), end: at(`${day}T21:00`) });
  const delisted = { ...observation("19T15:00", null), symbol: "AAPL" };
  const lastTraded = (as_of: string, period?: { start: number; end: number }) => ({
    ...delisted,
    as_of,
    ...(period === undefined ? {} : { period }),
  });
  const months = "2026-08-03T20:00:00.000Z";
  assertEquals(
    freshnessAt(lastTraded(months, today("19")), "19T15:00"),
    "closed stale until 19T15:02",
  );
  assertEquals(freshnessAt(lastTraded(months), "21T12:00"), "closed stale until 23T14:30");
  // The longest holidays of exchanges last eleven days.
  const elevenDays = "2026-11-08T06:30:00.000Z";
  assertEquals(
    freshnessAt(lastTraded(elevenDays, today("19")), "19T15:00"),
    "closed until 19T15:02",
  );
  assertEquals(freshnessAt(lastTraded(elevenDays), "21T12:00"), "closed until 22T06:30");
  assertEquals(assess(lastTraded(elevenDays), "22T07:00").since, at("22T06:30"));
});

Deno.test("the end of a whole day in the response does not end a session that goes on", () => {
  // Yahoo states the day of a future from midnight to 23:59 in New York, and that of currencies in London.
  const future = { symbol: "WTI", period: { start: at("18T05:00"), end: at("19T04:59") } };
  const night = observation("19T04:58", "19T04:58", future);
  assertEquals(freshnessAt(night, "19T04:59"), "open until 19T05:00");
  const pair = { symbol: "EUR-USD", period: { start: at("18T00:00"), end: at("18T23:59") } };
  const late = observation("18T23:58", "18T23:58", pair);
  assertEquals(freshnessAt(late, "18T23:59"), "open until 19T00:00");
  // On the day on which clocks change to summer time, the day has 23 hours.
  const shortDay = { symbol: "WTI", period: { start: at("18T06:00"), end: at("19T04:59") } };
  assertEquals(freshnessAt({ ...night, ...shortDay }, "19T04:59"), "open until 19T05:00");
});

Deno.test("a thin market is fresh while its bid or ask moves, and stale when all stand still", () => {
  const read = (received: string, bid: string | null, previous?: TrackedReading) => {
    const { newsElapsed: _news, ...reading } = trackedReading(received, "18T14:59");
    return track({ ...reading, bid, ask: "7739.00" }, previous, INTERVAL_MS);
  };
  const first = read("18T15:00", "7738.00");
  const moved = read("18T15:03", "7738.10", first);
  assertEquals(freshnessAt(toObservation(moved), "18T15:03"), "open until 18T15:05");
  const still = read("18T15:05", "7738.10", moved);
  assertEquals(freshnessAt(toObservation(still), "18T15:05"), "open stale until 18T21:00");
  // A response without a bid says nothing about it.
  const unknown = read("18T15:05", null, moved);
  assertEquals(freshnessAt(toObservation(unknown), "18T15:05"), "open stale until 18T21:00");
  // The next trade is news, although it is minutes old by the wall clock.
  assertEquals(
    freshnessAt(toObservation(read("18T15:06", "7738.20", moved)), "18T15:06"),
    "open until 18T15:08",
  );
});

Deno.test("closing prices of oil, which are published once a week, are stale after more than eight sessions", () => {
  // The prices up to Monday the 9th are published on the 12th, those up to the 16th on the 19th: a holiday delays by a day.
  const close = closeOf("09", { symbol: "WTI" });
  assertEquals(freshnessAt(close, "19T19:00", HOURLY_CLOSES), "closed until 19T22:00");
  assertEquals(freshnessAt(close, "20T21:59", HOURLY_CLOSES), "closed until 20T22:00");
  assertEquals(freshnessAt(close, "20T22:00", HOURLY_CLOSES), "closed stale until 22T23:00");
});
