import { assertEquals } from "@std/assert";
import { freshnessOf, type Heard, hold } from "../../../lib/topics/quotes/freshness.ts";
import { createHours } from "../../../lib/topics/quotes/market_hours.ts";

const MINUTE = 60_000;
const spanAt = createHours();

/** 2026-11-18, a Wednesday: indices are open from 14:30 to 21:00 UTC, metals and oil from 23:00 to 22:00. */
const at = (time: string) => Date.parse(`2026-11-${time}:00Z`);

/** What was heard of an index, said by our calendar unless it says more itself. */
function heard(received: string, traded: string | null, more: Partial<Heard> = {}): Heard {
  return {
    symbol: "SPX",
    session: null,
    delay_s: null,
    as_of: traded === null ? null : new Date(at(traded)).toISOString(),
    received_at: new Date(at(received)).toISOString(),
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

/** How it stands at a time, and until when, polled every minute. */
function standing(what: Heard, time: string): string {
  const { session, isStale, until } = freshnessOf(spanAt, what, MINUTE, at(time));
  const end = Number.isFinite(until) ? new Date(until).toISOString().slice(8, 16) : "ever";
  return `${session}${isStale ? " stale" : ""} until ${end}`;
}

Deno.test("a quote of an open market is stale after two intervals of silence", () => {
  const quote = heard("18T15:00", "18T14:59");
  assertEquals(standing(quote, "18T15:01"), "open until 18T15:02");
  assertEquals(standing(quote, "18T15:02"), "open stale until 18T21:00");
  assertEquals(freshnessOf(spanAt, quote, MINUTE, at("18T16:00")).since, at("18T15:02"));
});

Deno.test("a quote of a closed market is not stale, and closes and opens by itself", () => {
  const quote = heard("18T20:59", "18T20:59");
  assertEquals(standing(quote, "18T20:59"), "open until 18T21:00");
  assertEquals(standing(quote, "18T21:00"), "closed until 19T14:30");
  assertEquals(standing(quote, "19T14:29"), "closed until 19T14:30");
});

Deno.test("silence counts from the opening: the first poll of a day may take its time", () => {
  const quote = heard("19T14:26", "18T21:00");
  assertEquals(standing(quote, "19T14:30"), "open until 19T14:32");
  assertEquals(standing(quote, "19T14:32"), "open stale until 19T21:00");
});

Deno.test("a holiday our calendar does not know is told by what is not traded, and ends with a trade", () => {
  const yesterday = { period: { start: at("18T14:30"), end: at("18T21:00") } };
  const quiet = heard("19T15:00", "18T21:00", yesterday);
  assertEquals(standing(quiet, "19T15:00"), "closed until 19T15:02");
  // Who tells no hours may as well be stuck.
  const stuck = heard("19T15:00", "18T21:00", { newsAt: at("18T21:00") });
  assertEquals(standing(stuck, "19T15:00"), "open stale until 19T21:00");
  // Silence is no news of a holiday.
  assertEquals(standing(quiet, "19T15:02"), "open stale until 19T21:00");
  assertEquals(standing(heard("19T15:01", "19T14:45"), "19T15:01"), "open until 19T15:03");
  // A source that tells no time of its trades is taken at its word.
  assertEquals(standing(heard("19T15:01", null), "19T15:01"), "open until 19T15:03");
});

Deno.test("who tells prices late is neither closed nor stale until the first trade can be known", () => {
  const late = { delay_s: 900 };
  const quiet = heard("19T14:40", "18T21:00", late);
  assertEquals(standing(quiet, "19T14:40"), "open until 19T14:42");
  assertEquals(standing(quiet, "19T14:42"), "open stale until 19T21:00");
  const answering = heard("19T14:45", "18T21:00", { ...late, newsAt: at("18T21:00") });
  assertEquals(standing(answering, "19T14:46"), "open until 19T14:47");
  const period = { start: at("18T14:30"), end: at("18T21:00") };
  const holiday = heard("19T14:47", "18T21:00", { ...late, period });
  assertEquals(standing(holiday, "19T14:47"), "closed until 19T14:49");
  // Once a trade of the session is told, silence is silence again.
  const traded = heard("19T14:46", "19T14:31", late);
  assertEquals(standing(traded, "19T14:48"), "open stale until 19T21:00");
});

Deno.test("a session told by the body wins over our calendar, until that knows of a change", () => {
  const early = heard("18T18:30", "18T18:00", { session: "closed" });
  assertEquals(standing(early, "18T20:00"), "closed until 18T21:00");
  assertEquals(standing(early, "19T14:30"), "open until 19T14:32");
  const late = heard("18T21:30", "18T21:30", { session: "post" });
  assertEquals(standing(late, "18T21:30"), "post until 18T21:32");
});

Deno.test("hours told by the body win over our calendar, and it goes on after them", () => {
  const half = heard("18T16:00", "18T16:00", {
    period: { start: at("18T14:30"), end: at("18T18:00") },
  });
  assertEquals(standing(half, "18T16:00"), "open until 18T16:02");
  assertEquals(standing(half, "18T18:00"), "closed until 18T21:00");
  assertEquals(standing(half, "18T21:00"), "closed until 19T14:30");
  assertEquals(standing(half, "19T14:31"), "open until 19T14:32");
  const next = { period: { start: at("19T16:00"), end: at("19T21:00") } };
  assertEquals(standing(heard("19T15:00", "18T21:00", next), "19T15:00"), "closed until 19T16:00");
  assertEquals(standing(heard("19T16:01", "18T21:00", next), "19T16:01"), "closed until 19T16:03");
});

Deno.test("hours told by the body give way where trades speak against them", () => {
  const day = { symbol: "WTI", period: { start: at("18T05:00"), end: at("19T04:59") } };
  const quiet = heard("18T22:10", "18T22:00", day);
  assertEquals(standing(quiet, "18T22:10"), "closed until 18T23:00");
  const traded = heard("18T22:10", "18T22:05", day);
  assertEquals(standing(traded, "18T22:10"), "open until 18T22:12");
  const evening = { symbol: "WTI", period: { start: at("18T05:00"), end: at("18T22:00") } };
  assertEquals(
    standing(heard("18T23:30", "18T23:20", evening), "18T23:30"),
    "open until 18T23:32",
  );
});

Deno.test("a source that says the same again and again goes stale, whatever it answers", () => {
  const first = hold({ ...READING, ...heard("18T15:00", "18T14:59") }, undefined, MINUTE);
  const same = hold({ ...READING, ...heard("18T15:01", "18T14:59") }, first, MINUTE);
  assertEquals(standing(same, "18T15:01"), "open until 18T15:02");
  assertEquals(standing(same, "18T15:02"), "open stale until 18T21:00");
  const newer = hold({ ...READING, ...heard("18T15:01", "18T15:00") }, first, MINUTE);
  assertEquals(standing(newer, "18T15:02"), "open until 18T15:03");
  // Who tells no time cannot be told from one that has news.
  const timeless = hold({ ...READING, ...heard("18T15:01", null) }, first, MINUTE);
  assertEquals(standing(timeless, "18T15:02"), "open until 18T15:03");
});

Deno.test("a quote read after a week is judged by the hours there are then", () => {
  const old = heard("11T15:00", "11T14:59", { session: "open" });
  assertEquals(standing(old, "18T15:00"), "open stale until 18T21:00");
  assertEquals(standing(old, "21T15:00"), "closed until 23T14:30");
  const coin = { ...old, symbol: "BTC-USD", session: "always" } as const;
  assertEquals(standing(coin, "21T15:00"), "always stale until ever");
});

Deno.test("what is old when it comes is no fresher than it says", () => {
  const old = hold({ ...READING, ...heard("18T15:00", "18T14:40") }, undefined, MINUTE);
  assertEquals(standing(old, "18T15:00"), "open stale until 18T21:00");
  const late = { ...READING, ...heard("18T15:00", "18T14:45"), delay_s: 900 };
  assertEquals(standing(hold(late, undefined, MINUTE), "18T15:00"), "open until 18T15:02");
});
