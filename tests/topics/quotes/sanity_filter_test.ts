import { assertEquals } from "@std/assert";
import { weigh } from "../../../lib/topics/quotes/sanity_filter.ts";
import type { Reading } from "../../../lib/topics/quotes/providers/provider.ts";

const NOW = Date.parse("2026-05-18T12:00:00Z");

function reading(price: string, second: number, asOfSecond: number | null = second): Reading {
  const time = (s: number) => new Date(NOW + (s - 60) * 1000).toISOString();
  return {
    symbol: "BTC-USD",
    price,
    change: null,
    change_pct: null,
    basis: "none",
    session: "always",
    as_of: asOfSecond === null ? null : time(asOfSecond),
    received_at: time(second),
    is_delayed: false,
    delay_s: null,
  };
}

Deno.test("weigh() drops what is older than what is held, by either time", () => {
  const held = reading("100", 10);
  assertEquals(weigh(reading("101", 11, 9), held, undefined, NOW), "drop");
  assertEquals(weigh(reading("101", 9, null), held, undefined, NOW), "drop");
  assertEquals(weigh(reading("101", 11, 10), held, undefined, NOW), "take");
  assertEquals(weigh(reading("101", 11, null), held, undefined, NOW), "take");
});

Deno.test("weigh() is not held up by a time in the future", () => {
  assertEquals(weigh(reading("101", 11), reading("100", 10, 3600), undefined, NOW), "take");
});

Deno.test("weigh() doubts a jump over 20 % until another reading confirms it", () => {
  const held = reading("100", 10);
  assertEquals(weigh(reading("120", 11), held, undefined, NOW), "take");
  assertEquals(weigh(reading("120.01", 11), held, undefined, NOW), "doubt");
  assertEquals(weigh(reading("79.99", 11), held, undefined, NOW), "doubt");
  const doubted = reading("150", 11);
  assertEquals(weigh(reading("149", 12), held, doubted, NOW), "take");
  assertEquals(weigh(reading("200", 12), held, doubted, NOW), "doubt");
});

Deno.test("weigh() takes no reading as its own confirmation", () => {
  const held = reading("100", 10);
  assertEquals(weigh(reading("150", 12, 11), held, reading("150", 11), NOW), "doubt");
  const timeless = reading("150", 11, null);
  assertEquals(weigh(timeless, held, timeless, NOW), "doubt");
  assertEquals(weigh(reading("150", 12, null), held, timeless, NOW), "take");
});
