import { assert, assertEquals } from "@std/assert";
import { HOUR_MS } from "../../lib/core/time.ts";
import { createCalendar, FUTURES_HOURS, STOCK_HOURS } from "../../lib/demo/calendar.ts";

const NOW = Date.UTC(2026, 10, 21, 2, 30);

function createStockCalendar(speed: number) {
  return createCalendar(STOCK_HOURS, { startedAt: NOW, speed });
}

Deno.test("the demo begins in an open market, a minute before the close", () => {
  const { regular } = createStockCalendar(1).dayAt(NOW);
  assertEquals(regular.end - NOW, 60_000);
  assertEquals(regular.end - regular.start, 6.5 * HOUR_MS);
});

Deno.test("the demo begins less than a minute before the close if days are short", () => {
  for (const speed of [960, 10_000, 100_000]) {
    const { regular } = createStockCalendar(speed).dayAt(NOW);
    assert(regular.start < NOW && NOW < regular.end, `${speed}`);
    assert(Math.abs(regular.end - NOW - 6 * HOUR_MS / speed) < 1, `${speed}`);
  }
});

Deno.test("days of the demo are 24 market hours apart", () => {
  for (const speed of [1, 960]) {
    const calendar = createStockCalendar(speed);
    const today = calendar.dayAt(NOW);
    const tomorrow = calendar.dayAt(NOW + 24 * HOUR_MS / speed);
    assert(Math.abs(tomorrow.pre.start - today.pre.start - 24 * HOUR_MS / speed) < 1);
  }
});

Deno.test("stocks of the demo have their last trade at the close, until the market opens again", () => {
  const calendar = createStockCalendar(1);
  const { regular } = calendar.dayAt(NOW);
  const opening = regular.start + 24 * HOUR_MS;
  assertEquals(calendar.lastTradeAt(NOW), NOW);
  for (const ms of [regular.end, regular.end + HOUR_MS, opening - 1]) {
    assertEquals(calendar.lastTradeAt(ms), regular.end);
  }
  assertEquals(calendar.lastTradeAt(opening), opening);
});

Deno.test("stocks of the demo begin a new day at midnight and a new session at the opening", () => {
  const calendar = createStockCalendar(1);
  const firstDay = calendar.dayAt(NOW);
  const midnight = firstDay.regular.end + 8 * HOUR_MS;
  assertEquals(calendar.dayAt(midnight - 1), firstDay);
  assertEquals(calendar.dayAt(midnight).pre.start, midnight + 4 * HOUR_MS);
  assertEquals(calendar.sessionAt(midnight), firstDay);
  const opening = firstDay.regular.start + 24 * HOUR_MS;
  assertEquals(calendar.sessionAt(opening).regular.start, opening);
  assertEquals(calendar.previousSessionAt(opening), firstDay);
});

Deno.test("futures of the demo pause for 4 hours per day, have no extended hours, and report their next opening", () => {
  const calendar = createCalendar(FUTURES_HOURS, { startedAt: NOW, speed: 1 });
  const { pre, regular, post } = calendar.dayAt(NOW);
  assertEquals([pre.end - pre.start, post.end - post.start], [0, 0]);
  assertEquals(calendar.dayAt(regular.end + HOUR_MS).regular, regular);
  const nextSession = calendar.dayAt(regular.end + 2 * HOUR_MS).regular;
  assertEquals(nextSession.start - regular.end, 4 * HOUR_MS);
});
