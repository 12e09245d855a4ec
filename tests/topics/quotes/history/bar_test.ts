import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Bar,
  barOf,
  continueSeries,
  decodeBars,
  encodeBars,
  joinBars,
  limitBars,
  MAX_BARS,
  mergeBars,
  rollUp,
  startOfInterval,
} from "../../../../lib/topics/quotes/history/bar.ts";

const MINUTE_MS = 60_000;

const startOfMinute = startOfInterval(MINUTE_MS);

Deno.test("joinBars() keeps the first open, the last close, and the extremes by value, not by text", () => {
  assertEquals(
    joinBars([0, "9.5", "9.9", "9.5", "9.8", "1.5"], [5, "10.0", "10.2", "9.4", "10.1", "0.25"]),
    [0, "9.5", "10.2", "9.4", "10.1", "1.75"],
  );
  assertEquals(joinBars(barOf(0, "-37.63"), barOf(5, "-2.1")), [
    0,
    "-37.63",
    "-2.1",
    "-37.63",
    "-2.1",
    null,
  ]);
});

Deno.test("rollUp() joins the bars of one interval, and volumes are added", () => {
  const bars: Bar[] = [
    [0, "1", "3", "1", "2", "10"],
    [30_000, "2", "2", "0.5", "0.7", "5"],
    [MINUTE_MS, "4", "4", "4", "4", null],
  ];
  assertEquals(rollUp(bars, startOfMinute), [
    [0, "1", "3", "0.5", "0.7", "15"],
    [MINUTE_MS, "4", "4", "4", "4", null],
  ]);
});

Deno.test("mergeBars() keeps the bars of both lists, and joins two views of one bar without counting its volume twice", () => {
  const older: Bar[] = [[0, "1", "2", "1", "2", "10"], [10, "5", "5", "5", "5", "3"]];
  const newer: Bar[] = [[10, "6", "7", "4", "4", null], [20, "8", "8", "8", "8", null]];
  assertEquals(mergeBars(older, newer), [
    [0, "1", "2", "1", "2", "10"],
    [10, "5", "7", "4", "4", "3"],
    [20, "8", "8", "8", "8", null],
  ]);
  assertEquals(mergeBars(older, older), older);
});

Deno.test("continueSeries() continues the last bar, and omits earlier ones", () => {
  const hour = 60 * MINUTE_MS;
  const series = { intervalMs: hour, bars: [[7, "1", "2", "1", "1.5", "9"]] satisfies Bar[] };
  const later = {
    intervalMs: 5 * MINUTE_MS,
    bars: [barOf(0, "99"), barOf(7 + MINUTE_MS, "0.9"), barOf(7 + hour, "3")],
  };
  assertEquals(continueSeries(series, later).bars, [
    [7, "1", "2", "0.9", "0.9", "9"],
    [7 + hour, "3", "3", "3", "3", null],
  ]);
});

Deno.test("continueSeries() does not continue a series with longer bars", () => {
  const series = { intervalMs: MINUTE_MS, bars: [barOf(0, "1")] };
  const later = { intervalMs: 5 * MINUTE_MS, bars: [barOf(0, "2")] };
  assertEquals(continueSeries(series, later), series);
});

Deno.test("limitBars() doubles the interval until the bars fit, without loss of an extreme", () => {
  const bars = Array.from(
    { length: 1100 },
    (_, index) => barOf(index * MINUTE_MS, String(index)),
  );
  const limited = limitBars({ intervalMs: MINUTE_MS, bars });
  assertEquals([limited.intervalMs, limited.bars.length], [4 * MINUTE_MS, 275]);
  assertEquals(limited.bars.length <= MAX_BARS, true);
  assertEquals(limited.bars.at(-1), [1096 * MINUTE_MS, "1096", "1099", "1096", "1099", null]);
});

Deno.test("decodeBars() reads what encodeBars() wrote", () => {
  const price = fc.integer({ min: -1e9, max: 1e9 }).map((cents) => (cents / 100).toFixed(2));
  const volume = fc.option(fc.integer({ min: 0, max: 1e9 }).map(String));
  const bar = fc.tuple(fc.integer({ min: 0, max: 2e9 }), price, price, price, price, volume);
  fc.assert(fc.property(fc.array(bar), (rows) => {
    const bars = rows.map(([startS, ...rest]): Bar => [startS * 1000, ...rest])
      .toSorted(([a], [b]) => a - b);
    assertEquals(decodeBars(encodeBars(bars)), bars);
  }));
});

Deno.test("decodeBars() returns no bars for a text of another version", () => {
  for (const text of ["[]", "0,1,2", "0,1,1,1,x,"]) assertEquals(decodeBars(text), [], text);
});
