import { assertEquals } from "@std/assert";
import {
  createMarketHours,
  type HoursName,
  nextOpening,
} from "../../../lib/topics/quotes/market_hours.ts";

/** Returns the span at a time: true if it is open, its start and its end. */
function spanAt(
  hours: HoursName,
  time: string,
): readonly [boolean, string, string] | null {
  const span = createMarketHours()(hours, Date.parse(time));
  if (span === null) return null;
  const iso = (ms: number) => new Date(ms).toISOString().replace(":00.000", "");
  return [span.isOpen, iso(span.start), iso(span.end)];
}

Deno.test("metals and oil are open all week in New York, with a break of one hour per day", () => {
  for (const hours of ["cme"] as const) {
    // 2026-11-18 is a Wednesday, in winter: UTC-5.
    const evening = [true, "2026-11-17T23:00Z", "2026-11-18T22:00Z"] as const;
    assertEquals(spanAt(hours, "2026-11-17T23:00:00Z"), evening);
    assertEquals(spanAt(hours, "2026-11-18T21:59:59.999Z"), evening);
    assertEquals(spanAt(hours, "2026-11-18T22:00:00Z"), [
      false,
      "2026-11-18T22:00Z",
      "2026-11-18T23:00Z",
    ]);
    const weekend = [false, "2026-11-20T22:00Z", "2026-11-22T23:00Z"] as const;
    assertEquals(spanAt(hours, "2026-11-20T22:00:00Z"), weekend);
    assertEquals(spanAt(hours, "2026-11-21T12:00:00Z"), weekend);
    assertEquals(spanAt(hours, "2026-11-22T22:59:59Z"), weekend);
    assertEquals(spanAt(hours, "2026-11-22T23:00:00Z")?.[0], true);
  }
});

Deno.test("indices are open from 9:30 to 16:00 in New York, Monday to Friday", () => {
  assertEquals(spanAt("nyse", "2026-11-18T14:30:00Z"), [
    true,
    "2026-11-18T14:30Z",
    "2026-11-18T21:00Z",
  ]);
  assertEquals(spanAt("nyse", "2026-11-18T14:29:59Z"), [
    false,
    "2026-11-17T21:00Z",
    "2026-11-18T14:30Z",
  ]);
  assertEquals(spanAt("nyse", "2026-11-22T12:00:00Z"), [
    false,
    "2026-11-20T21:00Z",
    "2026-11-23T14:30Z",
  ]);
});

Deno.test("hours follow daylight saving time in New York, an hour earlier in UTC in summer", () => {
  // Forward on 2026-03-08, back on 2026-11-01, both on a Sunday before the week opens.
  assertEquals(spanAt("cme", "2026-03-08T12:00:00Z"), [
    false,
    "2026-03-06T22:00Z",
    "2026-03-08T22:00Z",
  ]);
  assertEquals(spanAt("cme", "2026-11-01T12:00:00Z"), [
    false,
    "2026-10-30T21:00Z",
    "2026-11-01T23:00Z",
  ]);
  assertEquals(spanAt("nyse", "2026-03-09T13:30:00Z"), [
    true,
    "2026-03-09T13:30Z",
    "2026-03-09T20:00Z",
  ]);
  assertEquals(spanAt("nyse", "2026-10-31T00:00:00Z"), [
    false,
    "2026-10-30T20:00Z",
    "2026-11-02T14:30Z",
  ]);
});

Deno.test("crypto has no trading hours, and cached spans equal computed ones", () => {
  assertEquals(spanAt("always", "2026-11-21T12:00:00Z"), null);
  const hours = createMarketHours();
  const week = Array.from({ length: 7 * 24 }, (_, hour) => Date.UTC(2026, 10, 15, hour));
  const spansAt = (ms: number) => [hours("cme", ms), hours("nyse", ms)];
  const first = week.map(spansAt);
  assertEquals(week.toReversed().map(spansAt).toReversed(), first);
  assertEquals(
    first.map(([, indices]) => indices?.isOpen).filter((isOpen) => isOpen).length,
    5 * 6,
  );
  assertEquals(first.map(([metals]) => metals?.isOpen).filter((isOpen) => isOpen).length, 5 * 23);
});

Deno.test("a holiday and an early close are part of the hours, also over a long weekend", () => {
  // Thanksgiving is 2026-11-26.
  assertEquals(spanAt("nyse", "2026-11-26T15:00:00Z"), [
    false,
    "2026-11-25T21:00Z",
    "2026-11-27T14:30Z",
  ]);
  assertEquals(spanAt("nyse", "2026-11-27T17:00:00Z")?.[2], "2026-11-27T18:00Z");
  assertEquals(spanAt("cme", "2026-11-26T15:00:00Z"), [
    true,
    "2026-11-25T23:00Z",
    "2026-11-26T19:30Z",
  ]);
  // Christmas is a Friday: metals rest from Thursday, 13:45 in New York, to Sunday, 18:00.
  assertEquals(spanAt("cme", "2026-12-25T12:00:00Z"), [
    false,
    "2026-12-24T18:45Z",
    "2026-12-27T23:00Z",
  ]);
});

Deno.test("currencies trade from Sunday to Friday, 17:00 in New York, each day after the other", () => {
  assertEquals(spanAt("fx", "2026-11-18T12:00:00Z"), [
    true,
    "2026-11-17T22:00Z",
    "2026-11-18T22:00Z",
  ]);
  assertEquals(spanAt("fx", "2026-11-21T12:00:00Z"), [
    false,
    "2026-11-20T22:00Z",
    "2026-11-22T22:00Z",
  ]);
});

Deno.test("nextOpening() skips the rest of a session that does not take place", () => {
  const hours = createMarketHours();
  const spanOf = (ms: number) => hours("nyse", ms);
  const opensAt = (time: string) => {
    const span = spanOf(Date.parse(time));
    return span === null ? null : new Date(nextOpening(spanOf, span) ?? NaN).toISOString();
  };
  assertEquals(opensAt("2026-11-20T22:00:00Z"), "2026-11-23T14:30:00.000Z");
  assertEquals(opensAt("2026-11-20T15:00:00Z"), "2026-11-23T14:30:00.000Z");
});
