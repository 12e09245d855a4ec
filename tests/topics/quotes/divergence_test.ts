import { assertEquals } from "@std/assert";
import {
  NO_BASELINE,
  NO_FIGURES,
  type Reading,
} from "../../../lib/topics/quotes/providers/provider.ts";
import { Divergences } from "../../../lib/topics/quotes/divergence.ts";

function reading(price: string, asOf: string | null = null, receivedElapsed = 0): Reading {
  return {
    symbol: "BTC-USD",
    price,
    ...NO_BASELINE,
    ...NO_FIGURES,
    session: "always",
    as_of: asOf,
    received_at: "2026-11-18T12:00:00.000Z",
    receivedElapsed,
    is_delayed: false,
    delay_s: null,
  };
}

const coinbase = (price: Reading) => ({ reading: price, provider: { title: "Coinbase" } });
const kraken = (price: Reading) => ({ reading: price, provider: { title: "Kraken" } });

/** Returns the remarks after one comparison. */
function remarksOn(serving: Reading, reference: Reading, maxDifferencePct = 1): string[] {
  const divergences = new Divergences(maxDifferencePct);
  divergences.compare(coinbase(serving), kraken(reference));
  return divergences.remarks(["BTC-USD"]);
}

Deno.test("Divergences names the sources, the difference and the symbol, above the largest difference", () => {
  const text = (percent: string) => [`Coinbase and Kraken differ by ${percent} % on BTC-USD`];
  assertEquals(remarksOn(reading("100"), reading("102.3")), text("2.3"));
  assertEquals(remarksOn(reading("100"), reading("97.7")), text("2.3"));
  assertEquals(remarksOn(reading("100"), reading("101")), []);
  assertEquals(remarksOn(reading("100"), reading("101.0001")), text("1"));
  assertEquals(remarksOn(reading("100"), reading("100.02"), 0.01), text("0.02"));
});

Deno.test("Divergences does not compare prices of different times", () => {
  const early = reading("90", "2026-11-18T11:54:59.000Z");
  assertEquals(remarksOn(reading("100"), early), []);
  assertEquals(remarksOn(reading("100", "2026-11-18T11:55:59.000Z"), early).length, 1);
  assertEquals(remarksOn(reading("100"), reading("90", null, 60_001)), []);
  // An answer that was cached for minutes does not contradict a price of now, whatever their market times.
  const asOf = "2026-11-18T11:55:00.000Z";
  assertEquals(remarksOn(reading("100", asOf), reading("90", asOf, 200_000)), []);
  assertEquals(remarksOn(reading("100"), reading("90", null, 60_000)).length, 1);
});

Deno.test("Divergences drops a remark once prices agree or it is forgotten, and has no remark on other symbols", () => {
  const divergences = new Divergences(1);
  const compare = (price: string) =>
    divergences.compare(coinbase(reading("100")), kraken(reading(price)));
  compare("110");
  assertEquals(divergences.remarks(["ETH-USD"]), []);
  compare("100.5");
  assertEquals(divergences.remarks(["BTC-USD"]), []);
  compare("110");
  divergences.forget("BTC-USD");
  assertEquals(divergences.remarks(["BTC-USD"]), []);
});

Deno.test("Divergences compares no price that is not above zero", () => {
  assertEquals(remarksOn(reading("0.00"), reading("1.00")), []);
  assertEquals(remarksOn(reading("-37.63"), reading("-30.00")), []);
});
