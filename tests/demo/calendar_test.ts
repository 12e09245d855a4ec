import { assert, assertEquals } from "@std/assert";
import { createCalendar, FUTURES_HOURS, STOCK_HOURS } from "../../lib/demo/calendar.ts";

const NOW = Date.UTC(2026, 10, 21, 2, 30);
const HOUR_MS = 3_600_000;

function stocks(speed: number) {
  return createCalendar(STOCK_HOURS, { startedAt: NOW, speed });
}

Deno.test("demo begins in an open market, a minute before the close", () => {
  const { regular } = stocks(1).today(NOW);
  assertEquals(regular.end - NOW, 60_000);
  assertEquals(regular.end - regular.start, 6.5 * HOUR_MS);
});

Deno.test("demo with short days begins closer to the close", () => {
  for (const speed of [960, 10_000, 100_000]) {
    const { regular } = stocks(speed).today(NOW);
    assert(regular.start < NOW && NOW < regular.end, `${speed}`);
    assert(Math.abs(regular.end - NOW - 6 * HOUR_MS / speed) < 1, `${speed}`);
  }
});

Deno.test("demo's days are 24 market hours apart", () => {
  for (const speed of [1, 960]) {
    const calendar = stocks(speed);
    const today = calendar.today(NOW);
    const tomorrow = calendar.today(NOW + 24 * HOUR_MS / speed);
    assert(Math.abs(tomorrow.pre.start - today.pre.start - 24 * HOUR_MS / speed) < 1);
  }
});

Deno.test("demo's stocks trade last at the close, until they open again", () => {
  const calendar = stocks(1);
  const { regular } = calendar.today(NOW);
  const opening = regular.start + 24 * HOUR_MS;
  assertEquals(calendar.lastTrade(NOW), NOW);
  for (const ms of [regular.end, regular.end + HOUR_MS, opening - 1]) {
    assertEquals(calendar.lastTrade(ms), regular.end);
  }
  assertEquals(calendar.lastTrade(opening), opening);
});

Deno.test("demo's stocks begin a new day at midnight, and a new session at the opening", () => {
  const calendar = stocks(1);
  const before = calendar.today(NOW);
  const midnight = before.regular.end + 8 * HOUR_MS;
  assertEquals(calendar.today(midnight - 1), before);
  assertEquals(calendar.today(midnight).pre.start, midnight + 4 * HOUR_MS);
  assertEquals(calendar.session(midnight), before);
  const opening = before.regular.start + 24 * HOUR_MS;
  assertEquals(calendar.session(opening).regular.start, opening);
  assertEquals(calendar.sessionBefore(opening), before);
});

Deno.test("demo's futures close for 4 hours a day without extended hours, and report the next opening", () => {
  const calendar = createCalendar(FUTURES_HOURS, { startedAt: NOW, speed: 1 });
  const { pre, regular, post } = calendar.today(NOW);
  assertEquals([pre.end - pre.start, post.end - post.start], [0, 0]);
  assertEquals(calendar.today(regular.end + HOUR_MS).regular, regular);
  const next = calendar.today(regular.end + 2 * HOUR_MS).regular;
  assertEquals(next.start - regular.end, 4 * HOUR_MS);
});
