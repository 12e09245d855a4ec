import { assertEquals } from "@std/assert";
import { type Bar, barOf } from "../../../../lib/topics/quotes/history/bar.ts";
import { findBaseline } from "../../../../lib/topics/quotes/history/baseline.ts";
import type { Span } from "../../../../lib/topics/quotes/market_hours.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The hours of metals around a weekend in winter: 18:00 to 17:00 New York. */
const CLOSES = ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"]
  .map((day) => Date.parse(`${day}T22:00:00Z`));

function metalSpan(ms: number): Span {
  const sessions = CLOSES.map((end) => ({ isOpen: true, start: end - 23 * HOUR_MS, end }));
  const open = sessions.find(({ start, end }) => start <= ms && ms < end);
  return open ?? {
    isOpen: false,
    start: Math.max(...CLOSES.filter((end) => end <= ms)),
    end: Math.min(...sessions.map(({ start }) => start).filter((start) => start > ms)),
  };
}

const FRIDAY_CLOSE = Date.parse("2026-11-27T22:00:00Z");
const MONDAY_NOON = Date.parse("2026-11-30T17:00:00Z");

/** Bars of five minutes up to a time. */
function barsBefore(end: number, count: number, price: string): Bar[] {
  return Array.from(
    { length: count },
    (_, index) => barOf(end - (count - index) * 5 * MINUTE_MS, price),
  );
}

Deno.test("findBaseline() returns the close of the previous session, however many leaders there have been since", () => {
  const bars = [...barsBefore(FRIDAY_CLOSE, 20, "4100"), ...barsBefore(MONDAY_NOON, 20, "4150")];
  assertEquals(findBaseline(bars, metalSpan, MONDAY_NOON), { price: "4100", basis: "prev_close" });
});

Deno.test("findBaseline() rolls when the market opens again: at the weekend it is still that of Friday's change", () => {
  const thursday = barsBefore(FRIDAY_CLOSE - DAY_MS, 20, "4000");
  const bars = [...thursday, ...barsBefore(FRIDAY_CLOSE, 20, "4100")];
  const saturday = FRIDAY_CLOSE + 12 * HOUR_MS;
  const sundayEvening = FRIDAY_CLOSE + 49 * HOUR_MS + 1;
  assertEquals(findBaseline(bars, metalSpan, saturday)?.price, "4000");
  assertEquals(findBaseline(bars, metalSpan, sundayEvening)?.price, "4100");
});

Deno.test("findBaseline() rolls between two sessions without a break, as those of currencies", () => {
  const day = (n: number): Span => ({
    isOpen: true,
    start: FRIDAY_CLOSE + (n - 1) * DAY_MS,
    end: FRIDAY_CLOSE + n * DAY_MS,
  });
  const spanAt = (ms: number) => day(Math.floor((ms - FRIDAY_CLOSE) / DAY_MS) + 1);
  const bars = [
    ...barsBefore(FRIDAY_CLOSE - DAY_MS, 20, "1.1"),
    ...barsBefore(FRIDAY_CLOSE, 20, "1.2"),
  ];
  assertEquals(findBaseline(bars, spanAt, FRIDAY_CLOSE - 1)?.price, "1.1");
  assertEquals(findBaseline(bars, spanAt, FRIDAY_CLOSE)?.price, "1.2");
});

Deno.test("findBaseline() does not roll at midnight UTC", () => {
  const bars = [
    ...barsBefore(FRIDAY_CLOSE - DAY_MS, 20, "4000"),
    ...barsBefore(FRIDAY_CLOSE, 270, "4100"),
  ];
  const evening = FRIDAY_CLOSE - 22.5 * HOUR_MS; // Thursday, 18:30 New York
  for (const ms of [evening, evening + 90 * MINUTE_MS]) {
    assertEquals(findBaseline(bars, metalSpan, ms)?.price, "4000");
  }
});

Deno.test("findBaseline() returns null if no bar is near the close: never the first price of a session", () => {
  assertEquals(findBaseline(barsBefore(MONDAY_NOON, 20, "4150"), metalSpan, MONDAY_NOON), null);
  const early = barsBefore(FRIDAY_CLOSE - HOUR_MS, 20, "4100");
  assertEquals(findBaseline(early, metalSpan, MONDAY_NOON), null);
  assertEquals(findBaseline([], metalSpan, MONDAY_NOON), null);
});

Deno.test("findBaseline() returns the price of a day ago for a market that never closes, null before there is one", () => {
  const bars = barsBefore(MONDAY_NOON, 300, "97000");
  const early = MONDAY_NOON - DAY_MS - 5 * MINUTE_MS;
  const marked = bars.map((bar) => bar[0] === early ? barOf(early, "95000") : bar);
  assertEquals(findBaseline(marked, () => null, MONDAY_NOON), {
    price: "95000",
    basis: "rolling_24h",
  });
  assertEquals(findBaseline(bars.slice(-200), () => null, MONDAY_NOON), null);
});
