import { assertEquals } from "@std/assert";
import {
  freshnessOf,
  type Observation,
  track,
  type TrackedReading,
} from "../../../lib/topics/quotes/freshness.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";

const MINUTE = 60_000;
const spanAt = createMarketHours();

/** 2026-11-18, a Wednesday: indices are open from 14:30 to 21:00 UTC, metals and oil from 23:00 to 22:00. */
const at = (time: string) => Date.parse(`2026-11-${time}:00Z`);

/** An answer about an index that reports no hours of its own, unless `more` does. */
function answer(
  received: string,
  traded: string | null,
  more: Partial<Observation> = {},
): Observation {
  return {
    symbol: "SPX",
    session: null,
    delay_s: null,
    as_of: traded === null ? null : new Date(at(traded)).toISOString(),
    receivedAt: at(received),
    newsAt: at(received),
    ...more,
  };
}

const READING = {
  price: "7738.79",
  change: null,
  change_pct: null,
  basis: "none",
  is_delayed: false,
  delay_s: null,
} as const;

/** The monotonic time at a wall time. */
const elapsedAt = (time: string) => at(time) - at("18T00:00");

/** A reading that was tracked when it was received. */
function tracked(
  received: string,
  traded: string | null,
  before?: TrackedReading,
  delay_s: number | null = null,
): TrackedReading {
  const { symbol, session, as_of, receivedAt } = answer(received, traded);
  const received_at = new Date(receivedAt).toISOString();
  const receivedElapsed = elapsedAt(received);
  const reading = { ...READING, symbol, session, as_of, received_at, receivedElapsed, delay_s };
  return track(reading, before, MINUTE);
}

/** A tracked reading on the wall clock. */
function seen({ receivedElapsed, newsElapsed, ...reading }: TrackedReading): Observation {
  const start = at("18T00:00");
  return { ...reading, receivedAt: start + receivedElapsed, newsAt: start + newsElapsed };
}

/** The freshness at a time of a symbol that is polled every minute, and its end. */
function standing(what: Observation, time: string): string {
  const { session, isStale, until } = freshnessOf(what, {
    spanAt,
    intervalMs: MINUTE,
    now: at(time),
  });
  const end = Number.isFinite(until) ? new Date(until).toISOString().slice(8, 16) : "ever";
  return `${session}${isStale ? " stale" : ""} until ${end}`;
}

Deno.test("a quote of an open market is stale after two intervals of silence", () => {
  const quote = answer("18T15:00", "18T14:59");
  assertEquals(standing(quote, "18T15:01"), "open until 18T15:02");
  assertEquals(standing(quote, "18T15:02"), "open stale until 18T21:00");
  assertEquals(
    freshnessOf(quote, { spanAt, intervalMs: MINUTE, now: at("18T16:00") }).since,
    at("18T15:02"),
  );
});

Deno.test("a quote of a closed market is not stale, and opens and closes by itself", () => {
  const quote = answer("18T20:59", "18T20:59");
  assertEquals(standing(quote, "18T20:59"), "open until 18T21:00");
  assertEquals(standing(quote, "18T21:00"), "closed until 19T14:30");
  assertEquals(standing(quote, "19T14:29"), "closed until 19T14:30");
});

Deno.test("silence counts from the opening: the first poll of a day may take its time", () => {
  const quote = answer("19T14:26", "18T21:00");
  assertEquals(standing(quote, "19T14:30"), "open until 19T14:32");
  assertEquals(standing(quote, "19T14:32"), "open stale until 19T21:00");
});

Deno.test("a holiday follows from the absence of trades, and ends with a trade", () => {
  const yesterday = { period: { start: at("18T14:30"), end: at("18T21:00") } };
  const quiet = answer("19T15:00", "18T21:00", yesterday);
  assertEquals(standing(quiet, "19T15:00"), "closed until 19T15:02");
  // A source without hours may as well be stuck.
  const stuck = answer("19T15:00", "18T21:00", { newsAt: at("18T21:00") });
  assertEquals(standing(stuck, "19T15:00"), "open stale until 19T21:00");
  // Silence does not prove a holiday.
  assertEquals(standing(quiet, "19T15:02"), "open stale until 19T21:00");
  assertEquals(standing(answer("19T15:01", "19T14:45"), "19T15:01"), "open until 19T15:03");
  // A source that sends no market time is believed.
  assertEquals(standing(answer("19T15:01", null), "19T15:01"), "open until 19T15:03");
});

Deno.test("a delayed source is neither closed nor stale until the first trade of a session is due", () => {
  const late = { delay_s: 900 };
  const quiet = answer("19T14:40", "18T21:00", late);
  assertEquals(standing(quiet, "19T14:40"), "open until 19T14:42");
  assertEquals(standing(quiet, "19T14:42"), "open stale until 19T21:00");
  const answering = answer("19T14:45", "18T21:00", { ...late, newsAt: at("18T21:00") });
  assertEquals(standing(answering, "19T14:46"), "open until 19T14:47");
  const period = { start: at("18T14:30"), end: at("18T21:00") };
  const holiday = answer("19T14:47", "18T21:00", { ...late, period });
  assertEquals(standing(holiday, "19T14:47"), "closed until 19T14:49");
  // After the first trade of the session, silence counts again.
  const traded = answer("19T14:46", "19T14:31", late);
  assertEquals(standing(traded, "19T14:48"), "open stale until 19T21:00");
});

Deno.test("a session in the answer takes precedence over the calendar until the calendar's next change", () => {
  const early = answer("18T18:30", "18T18:00", { session: "closed" });
  assertEquals(standing(early, "18T20:00"), "closed until 18T21:00");
  assertEquals(standing(early, "19T14:30"), "open until 19T14:32");
  const late = answer("18T21:30", "18T21:30", { session: "post" });
  assertEquals(standing(late, "18T21:30"), "post until 18T21:32");
});

Deno.test("hours in the answer take precedence over the calendar, which takes over after them", () => {
  const half = answer("18T16:00", "18T16:00", {
    period: { start: at("18T14:30"), end: at("18T18:00") },
  });
  assertEquals(standing(half, "18T16:00"), "open until 18T16:02");
  assertEquals(standing(half, "18T18:00"), "closed until 18T21:00");
  assertEquals(standing(half, "18T21:00"), "closed until 19T14:30");
  assertEquals(standing(half, "19T14:31"), "open until 19T14:32");
  const next = { period: { start: at("19T16:00"), end: at("19T21:00") } };
  assertEquals(standing(answer("19T15:00", "18T21:00", next), "19T15:00"), "closed until 19T16:00");
  assertEquals(standing(answer("19T16:01", "18T21:00", next), "19T16:01"), "closed until 19T16:03");
});

Deno.test("the calendar takes precedence over hours in the answer that trades contradict", () => {
  const day = { symbol: "WTI", period: { start: at("18T05:00"), end: at("19T04:59") } };
  const quiet = answer("18T22:10", "18T22:00", day);
  assertEquals(standing(quiet, "18T22:10"), "closed until 18T23:00");
  const traded = answer("18T22:10", "18T22:05", day);
  assertEquals(standing(traded, "18T22:10"), "open until 18T22:12");
  const evening = { symbol: "WTI", period: { start: at("18T05:00"), end: at("18T22:00") } };
  assertEquals(
    standing(answer("18T23:30", "18T23:20", evening), "18T23:30"),
    "open until 18T23:32",
  );
});

Deno.test("a source that repeats the same market time goes stale, though it answers", () => {
  const first = tracked("18T15:00", "18T14:59");
  const same = tracked("18T15:01", "18T14:59", first);
  assertEquals(standing(seen(same), "18T15:01"), "open until 18T15:02");
  assertEquals(standing(seen(same), "18T15:02"), "open stale until 18T21:00");
  const newer = tracked("18T15:01", "18T15:00", first);
  assertEquals(standing(seen(newer), "18T15:02"), "open until 18T15:03");
  // Without a market time every answer is news.
  const timeless = tracked("18T15:01", null, first);
  assertEquals(standing(seen(timeless), "18T15:02"), "open until 18T15:03");
});

Deno.test("a quote that is a week old is evaluated by the current trading hours", () => {
  const old = answer("11T15:00", "11T14:59", { session: "open" });
  assertEquals(standing(old, "18T15:00"), "open stale until 18T21:00");
  assertEquals(standing(old, "21T15:00"), "closed until 23T14:30");
  const coin = { ...old, symbol: "BTC-USD", session: "always" } as const;
  assertEquals(standing(coin, "21T15:00"), "always stale until ever");
});

Deno.test("a price that is old when it arrives is no fresher than its market time", () => {
  const old = tracked("18T15:00", "18T14:40");
  assertEquals(standing(seen(old), "18T15:00"), "open stale until 18T21:00");
  const late = tracked("18T15:00", "18T14:45", undefined, 900);
  assertEquals(standing(seen(late), "18T15:00"), "open until 18T15:02");
});
