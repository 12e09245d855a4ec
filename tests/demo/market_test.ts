import { assert, assertEquals } from "@std/assert";
import { DAY_MS } from "../../lib/core/time.ts";
import { createSimulatedMarket } from "../../lib/demo/market.ts";

const NOON = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;
const SYMBOLS = "BTC-USD ETH-USD XAU-USD XAG-USD BRENT WTI SPX DJI IXIC";

/** Returns the move of each price from the previous one, as a share. */
function movesOf(prices: readonly string[]): number[] {
  return prices.slice(1).map((price, index) => Number(price) / Number(prices[index]) - 1);
}

Deno.test("createSimulatedMarket() has prices of nine symbols", () => {
  assertEquals(Object.keys(createSimulatedMarket(0)).join(" "), SYMBOLS);
});

Deno.test("simulated prices move every few minutes and stay near their mean", () => {
  for (const [symbol, priceAt] of Object.entries(createSimulatedMarket(0))) {
    const prices = Array.from(
      { length: 1000 },
      (_, index) => priceAt(NOON + index * 5 * MINUTE_MS),
    );
    const moves = movesOf(prices);
    assert(moves.filter((move) => move !== 0).length > 800, symbol);
    assert(moves.every((move) => Math.abs(move) < 0.01), symbol);
    const days = Array.from({ length: 365 }, (_, index) => Number(priceAt(NOON + index * DAY_MS)));
    assert(Math.max(...days) / Math.min(...days) < 1.4, symbol);
  }
});

Deno.test("simulated prices of coins and metals move every second", () => {
  for (const [symbol, priceAt] of Object.entries(createSimulatedMarket(0)).slice(0, 4)) {
    const seconds = Array.from({ length: 1000 }, (_, index) => priceAt(NOON + index * 1000));
    assert(movesOf(seconds).filter((move) => move !== 0).length > 900, symbol);
  }
});

Deno.test("simulated prices never jump, at any speed of the demo", () => {
  for (const speed of [1, 960, 100_000]) {
    for (
      const [symbol, priceAt] of Object.entries(
        createSimulatedMarket(0, { startedAt: NOON, speed }),
      )
    ) {
      const polls = Array.from({ length: 1000 }, (_, index) => priceAt(NOON + index * 5000));
      assert(movesOf(polls).every((move) => Math.abs(move) < 0.19), `${symbol} at ${speed}`);
    }
  }
});

Deno.test("simulated prices are the same at the start of the demo at every speed", () => {
  const [slow, fast] = [1, 960].map((speed) =>
    createSimulatedMarket(0, { startedAt: NOON, speed })
  );
  for (const symbol of SYMBOLS.split(" ")) {
    assertEquals(fast?.[symbol]?.(NOON), slow?.[symbol]?.(NOON));
  }
});
