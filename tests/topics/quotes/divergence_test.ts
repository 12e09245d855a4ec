import { assertEquals } from "@std/assert";
import type { Reading } from "../../../lib/topics/quotes/providers/provider.ts";
import { createQuorum } from "../../../lib/topics/quotes/divergence.ts";

function reading(price: string, asOf: string | null = null): Reading {
  return {
    symbol: "BTC-USD",
    price,
    change: null,
    change_pct: null,
    basis: "none",
    session: "always",
    as_of: asOf,
    received_at: "2026-11-18T12:00:00.000Z",
    is_delayed: false,
    delay_s: null,
  };
}

/** What is said once two sources said so much. */
function remarks(serving: Reading, witness: Reading, boundPct = 1): string[] {
  const quorum = createQuorum(boundPct);
  quorum.compare({ serving, servingTitle: "Coinbase", witness, witnessTitle: "Kraken" });
  return quorum.remarks(["BTC-USD"]);
}

Deno.test("a quorum says who differs, by how much and on what, beyond its bound", () => {
  const words = (percent: string) => [`Coinbase and Kraken differ by ${percent} % on BTC-USD`];
  assertEquals(remarks(reading("100"), reading("102.3")), words("2.3"));
  assertEquals(remarks(reading("100"), reading("97.7")), words("2.3"));
  assertEquals(remarks(reading("100"), reading("101")), []);
  assertEquals(remarks(reading("100"), reading("101.0001")), words("1"));
  assertEquals(remarks(reading("100"), reading("100.02"), 0.01), words("0.02"));
});

Deno.test("a quorum compares no prices of different times", () => {
  const early = reading("90", "2026-11-18T11:54:59.000Z");
  assertEquals(remarks(reading("100"), early), []);
  assertEquals(remarks(reading("100", "2026-11-18T11:58:00.000Z"), early).length, 1);
});

Deno.test("a quorum takes back what is settled, or another's, and tells nothing of other symbols", () => {
  const quorum = createQuorum(1);
  const say = (witness: string) =>
    quorum.compare({
      serving: reading("100"),
      servingTitle: "Coinbase",
      witness: reading(witness),
      witnessTitle: "Kraken",
    });
  say("110");
  assertEquals(quorum.remarks(["ETH-USD"]), []);
  say("100.5");
  assertEquals(quorum.remarks(["BTC-USD"]), []);
  say("110");
  quorum.forget("BTC-USD");
  assertEquals(quorum.remarks(["BTC-USD"]), []);
});
