/** Fail-over and recovery as a client of a stream sees them. */
import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { providersFor } from "../../lib/topics/quotes/providers/registry.ts";
import { createQuotesUnderTest, INTERVAL_MS, KEYS, unreachable } from "./quotes_under_test.ts";

const PROVIDERS = providersFor(readConfig(KEYS), instrumentsFor({}));

/** The first choices for the symbols, each with the next candidate for all of them. */
const PAIRS = PROVIDERS.flatMap((first, index) => {
  const isServedEarlier = (symbol: string) =>
    PROVIDERS.slice(0, index).some(({ symbols }) => symbols.includes(symbol));
  const second = PROVIDERS.slice(index + 1).find(({ symbols }) =>
    first.symbols.every((symbol) => symbols.includes(symbol))
  );
  return second === undefined || first.symbols.some(isServedEarlier) ? [] : [{ first, second }];
});

/** Events within the coalescing window are sent together. */
const FLUSH_MS = 20;

/** Three failures open a circuit breaker, which then stays open for ten seconds. */
const DOWN_MS = 5 * INTERVAL_MS;

/** The largest change of the simulated day, as a share of the price. The two sources differ by more. */
const MAX_CHANGE = 0.03;

for (const { first, second } of PAIRS) {
  const shared = first.symbols.filter((symbol) => second.symbols.includes(symbol));

  Deno.test(`fail-over: ${second.name} serves ${shared} from the start if ${first.name} is unreachable`, async () => {
    await using test = await createQuotesUnderTest(new Map([[first.name, unreachable]]));
    await test.clock.advance(FLUSH_MS);
    for (const symbol of shared) {
      assertEquals(test.quotesOf(symbol).map(({ source }) => source), [second.name]);
    }
    assertEquals(test.statusOf(first.name)?.state, "down");
  });

  Deno.test(`fail-over: ${second.name} takes over from ${first.name}, which recovers after three good answers`, async () => {
    await using test = await createQuotesUnderTest();
    const { clock, answers } = test;
    await clock.advance(2 * INTERVAL_MS);
    answers.set(first.name, unreachable);
    await clock.advance(DOWN_MS);
    assertEquals(test.statusOf(first.name)?.state, "down");
    assert(test.statusOf(second.name) !== undefined);
    answers.delete(first.name);
    await clock.advance(60_000);
    assertEquals(test.statusOf(second.name)?.reason, `On standby while ${first.title} serves`);
    for (const symbol of shared) {
      const quotes = test.quotesOf(symbol);
      assertEquals(quotes.at(-1)?.source, first.name);
      const others = quotes.filter(({ source }) => source !== first.name);
      // A close of a past day never replaces a newer price.
      assertEquals(others.length > 0, second.name !== "fred", symbol);
      // Each source is measured by its own baseline, so no change is as large as their difference.
      for (const { change, price } of quotes) {
        assert(
          change === null || Math.abs(Number(change)) < MAX_CHANGE * Number(price),
          `${change}`,
        );
      }
    }
  });
}

/** Raises the price of Bitcoin in an answer of Kraken by 3.3 %. */
async function raiseBitcoin(healthy: () => Response): Promise<Response> {
  const text = await healthy().text();
  const raised = text.replace('"c":["60000.', '"c":["62000.');
  assert(raised !== text, "the answer of Kraken has no such price");
  return new Response(raised, { headers: { "content-type": "application/json" } });
}

Deno.test("a status reports a divergence of two sources until it is settled", async () => {
  await using test = await createQuotesUnderTest();
  const { clock, answers } = test;
  answers.set("kraken", raiseBitcoin);
  await clock.advance(30_000);
  assertEquals(
    test.statusOf("coinbase")?.reason,
    "Coinbase and Kraken differ by 3.3 % on BTC-USD",
  );
  assertEquals(test.statusOf("coinbase")?.state, "live");
  assert(test.quotesOf("BTC-USD").every(({ price }) => price.startsWith("60000.")));
  answers.delete("kraken");
  await clock.advance(30_000);
  assertEquals(test.statusOf("coinbase")?.reason, null);
});

Deno.test("QUORUM_BOUND_PCT sets the divergence that a status reports", async () => {
  const env = { QUORUM_BOUND_PCT: "5" };
  await using test = await createQuotesUnderTest(new Map(), env);
  test.answers.set("kraken", raiseBitcoin);
  await test.clock.advance(30_000);
  assertEquals(test.statusOf("coinbase")?.reason, null);
});
