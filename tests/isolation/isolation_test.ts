/** Every provider through every fault: what a client of a real stream sees. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";
import { providersFor } from "../../lib/topics/quotes/providers/registry.ts";
import { SIMULATED } from "./answers.ts";
import { type Fault, FAULTS, LEAK, taken } from "./faults.ts";
import {
  createMarketUnderTest,
  INTERVAL_MS,
  KEYS,
  lost,
  type MarketUnderTest,
} from "./market_under_test.ts";

const PROVIDERS = providersFor(readConfig(KEYS));

/** Long enough for three calls that run into their deadlines, the slowest way to open a breaker. */
const FAULTY_MS = 45_000;

/** Those that give symbols of another, and would hide what becomes of it. */
function rivalsOf({ name, symbols }: typeof PROVIDERS[number]): string[] {
  return PROVIDERS.filter((each) => each.name !== name)
    .filter((each) => each.symbols.some((symbol) => symbols.includes(symbol)))
    .map((each) => each.name);
}

/** Nobody waits for the faulty one: every other symbol has a new price with every poll. */
function assertOthersOnTime(market: MarketUnderTest, symbols: readonly string[], since: number) {
  const others = new Set(PROVIDERS.flatMap((each) => each.symbols));
  for (const symbol of symbols) others.delete(symbol);
  assert(others.size > 0);
  for (const symbol of others) {
    const times = market.quotesOf(symbol).map((quote) => Date.parse(quote.received_at))
      .filter((at) => at >= since);
    const waits = [since, ...times, market.clock.now()].map((at, n, all) =>
      at - (all[n - 1] ?? at)
    );
    assert(Math.max(...waits) <= INTERVAL_MS, `${symbol} waited for ${Math.max(...waits)} ms`);
  }
}

function assertNothingLeaks(market: MarketUnderTest): void {
  const told = market.told();
  for (const secret of [LEAK, ...Object.values(KEYS)]) {
    assert(!told.includes(secret), `${secret} was told`);
  }
}

async function assertKnownStays(
  market: MarketUnderTest,
  { symbols }: typeof PROVIDERS[number],
  name: string,
) {
  const { quotes } = await market.services.quotes.snapshot();
  for (const symbol of symbols) {
    const quote = quotes.find((each) => each.symbol === symbol);
    assertEquals([quote?.source, typeof quote?.price], [name, "string"], symbol);
    assertEquals(quote?.is_stale, quote?.session !== "closed", symbol);
  }
}

function assertSaid(market: MarketUnderTest, name: string, { reason, isCooling }: Fault): void {
  const status = market.statusOf(name);
  assert(status !== undefined && reason !== null, name);
  assertMatch(status.reason ?? "", reason);
  const states = isCooling ? ["stale", "closed"] : ["down"];
  assert(states.includes(status.state), `${name} is ${status.state}`);
  // It was told before the next try, and nothing is tried before that.
  const { host } = SIMULATED.find((each) => each.name === name) ?? {};
  const next = status.next_try_at === null ? NaN : Date.parse(status.next_try_at);
  if (status.breaker !== "half-open") assert(next > 0, `${name} does not say when`);
  assertEquals(market.calls.filter((call) => call.host === host && call.at > next).length, 0);
}

Deno.test("the isolation matrix has an answer of every provider", () => {
  assertEquals(SIMULATED.map(({ name }) => name), PROVIDERS.map(({ name }) => name));
});

for (const provider of PROVIDERS) {
  for (const fault of FAULTS) {
    Deno.test(`isolation: ${provider.name}, ${fault.name}`, async () => {
      const { name, symbols } = provider;
      const failing = new Map(rivalsOf(provider).map((rival) => [rival, lost]));
      await using market = await createMarketUnderTest(failing);
      await market.clock.advance(2 * INTERVAL_MS);
      for (const symbol of symbols) {
        assert(market.quotesOf(symbol).some(({ source }) => source === name), symbol);
      }
      market.answers.set(name, fault.answer);
      taken.mib = 0;
      const since = market.clock.now();
      await market.clock.advance(FAULTY_MS);

      assertOthersOnTime(market, symbols, since);
      assertNothingLeaks(market);
      assert(taken.mib <= 100, `${taken.mib} MiB were taken`);
      if (fault.isPartial) {
        const state = market.statusOf(name)?.state ?? "";
        assert(["live", "delayed", "closed"].includes(state), state);
      } else {
        await assertKnownStays(market, provider, name);
        assertSaid(market, name, fault);
      }
    });
  }
}
