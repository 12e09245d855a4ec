import { assert, assertEquals } from "@std/assert";
import { marketOf } from "../../lib/demo/market.ts";

const NOON = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;

/** Returns the relative changes between consecutive prices. */
function movesOf(prices: readonly string[]): number[] {
  return prices.slice(1).map((price, n) => Number(price) / Number(prices[n]) - 1);
}

Deno.test("demo market has a price of nine symbols", () => {
  assertEquals(Object.keys(marketOf(0)).join(" "), SYMBOLS);
});

const SYMBOLS = "BTC-USD ETH-USD XAU-USD XAG-USD BRENT WTI SPX DJI IXIC";

Deno.test("demo market moves every few minutes and stays near its start", () => {
  for (const [symbol, priceAt] of Object.entries(marketOf(0))) {
    const prices = Array.from({ length: 1000 }, (_, n) => priceAt(NOON + n * 5 * MINUTE_MS));
    const moves = movesOf(prices);
    assert(moves.filter((move) => move !== 0).length > 800, symbol);
    assert(moves.every((move) => Math.abs(move) < 0.01), symbol);
    const days = Array.from({ length: 365 }, (_, n) => Number(priceAt(NOON + n * 86_400_000)));
    assert(Math.max(...days) / Math.min(...days) < 1.4, symbol);
  }
});

Deno.test("demo market moves coins and metals every second", () => {
  for (const [symbol, priceAt] of Object.entries(marketOf(0)).slice(0, 4)) {
    const seconds = Array.from({ length: 1000 }, (_, n) => priceAt(NOON + n * 1000));
    assert(movesOf(seconds).filter((move) => move !== 0).length > 900, symbol);
  }
});

Deno.test("demo market never jumps, at any speed", () => {
  for (const speed of [1, 960, 100_000]) {
    for (const [symbol, priceAt] of Object.entries(marketOf(0, { startedAt: NOON, speed }))) {
      const polls = Array.from({ length: 1000 }, (_, n) => priceAt(NOON + n * 5000));
      assert(movesOf(polls).every((move) => Math.abs(move) < 0.19), `${symbol} at ${speed}`);
    }
  }
});

Deno.test("demo market starts at the same prices at every speed", () => {
  const [slow, fast] = [1, 960].map((speed) => marketOf(0, { startedAt: NOON, speed }));
  for (const symbol of SYMBOLS.split(" ")) {
    assertEquals(fast?.[symbol]?.(NOON), slow?.[symbol]?.(NOON));
  }
});
