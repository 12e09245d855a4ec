import { assert, assertEquals } from "@std/assert";
import { DAY_MS, MINUTE_MS } from "../../lib/core/time.ts";
import { createPrice, type DemoInstrument, listingsOf } from "../../lib/demo/market.ts";
import { CATALOGUE } from "../../lib/topics/quotes/catalogue.ts";
import { DEFAULT_INSTRUMENTS } from "./support.ts";

const NOON = Date.UTC(2026, 10, 21, 12);
const NINE: readonly DemoInstrument[] = [...DEFAULT_INSTRUMENTS.values()];

/** Returns the move of each price from the previous one, as a share. */
function movesOf(prices: readonly string[]): number[] {
  return prices.slice(1).map((price, index) => Number(price) / Number(prices[index]) - 1);
}

Deno.test("simulated prices of every instrument of the catalogue move within minutes and stay near their mean", () => {
  for (const instrument of CATALOGUE) {
    const { symbol } = instrument;
    const priceAt = createPrice(instrument, 0);
    const prices = Array.from({ length: 100 }, (_, index) => priceAt(NOON + index * 5 * MINUTE_MS));
    const moves = movesOf(prices);
    assert(moves.filter((move) => move !== 0).length > 60, symbol);
    assert(moves.every((move) => Math.abs(move) < 0.02), symbol);
    const days = Array.from({ length: 90 }, (_, index) => Number(priceAt(NOON + index * DAY_MS)));
    assert(Math.max(...days) / Math.min(...days) < 1.4, symbol);
  }
});

Deno.test("simulated prices of coins and metals move every second", () => {
  for (const instrument of NINE.slice(0, 4)) {
    const priceAt = createPrice(instrument, 0);
    const seconds = Array.from({ length: 1000 }, (_, index) => priceAt(NOON + index * 1000));
    assert(movesOf(seconds).filter((move) => move !== 0).length > 900, instrument.symbol);
  }
});

Deno.test("simulated prices never jump, at any speed of the demo", () => {
  for (const speed of [1, 960, 100_000]) {
    for (const instrument of NINE) {
      const priceAt = createPrice(instrument, 0, { startedAt: NOON, speed });
      const polls = Array.from({ length: 1000 }, (_, index) => priceAt(NOON + index * 5000));
      const isSteady = movesOf(polls).every((move) => Math.abs(move) < 0.19);
      assert(isSteady, `${instrument.symbol} at ${speed}`);
    }
  }
});

Deno.test("simulated prices are the same at the start of the demo at every speed", () => {
  for (const instrument of NINE) {
    const [slow, fast] = [1, 960].map((speed) =>
      createPrice(instrument, 0, { startedAt: NOON, speed })(NOON)
    );
    assertEquals(fast, slow);
  }
});

Deno.test("an upstream lists the instruments that name a ticker for it, with its own deviation", () => {
  const exact = listingsOf(NINE, "coinbase", 0);
  const deviating = listingsOf(NINE, "kraken", 1);
  assertEquals(Object.keys(exact), ["BTC-USD", "ETH-USD"]);
  assertEquals(Object.keys(deviating), ["XBTUSD", "ETHUSD"]);
  const [price, other] = [exact["BTC-USD"], deviating.XBTUSD].map((listing) =>
    Number(listing?.priceAt(NOON))
  );
  assert(price !== undefined && other !== undefined && price !== other);
  assert(Math.abs(other / price - 1) < 0.001);
});
