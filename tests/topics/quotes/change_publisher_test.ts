import { assertEquals } from "@std/assert";
import type { EventInput } from "../../../lib/core/event.ts";
import type { Quote } from "../../../lib/topics/quotes/quote.ts";
import { createTeller } from "../../../lib/topics/quotes/change_publisher.ts";

const quote = (price: string, second: number): Quote => ({
  symbol: "BTC-USD",
  name: "Bitcoin",
  class: "crypto",
  price,
  change: null,
  change_pct: null,
  basis: "none",
  currency: "USD",
  unit: "coin",
  decimals: 2,
  session: "always",
  as_of: null,
  received_at: `2026-01-01T00:00:0${second}.000Z`,
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "coinbase",
  attribution: "Coinbase",
  simulated: false,
});

/** What is told where `own` is known and everybody has been told `held`. */
async function toldOf(own: Quote, held: Quote): Promise<unknown[]> {
  const told: EventInput[] = [];
  const tell = createTeller({ warn() {} }, () => ({ quotes: [own], status: [] }), {
    repeats: true,
    held: () => Promise.resolve(new Map([[held.symbol, JSON.stringify(held)]])),
    publish(publications) {
      told.push(...publications);
      return Promise.resolve();
    },
  });
  await tell();
  return told.map(({ data }) => data);
}

Deno.test("a teller tells a price that differs from what everybody was told", async () => {
  assertEquals(await toldOf(quote("2.00", 2), quote("1.00", 1)), [quote("2.00", 2)]);
});

Deno.test("a new leader does not tell what it knew before the last one told a newer price", async () => {
  assertEquals(await toldOf(quote("1.00", 1), quote("2.00", 2)), []);
});
