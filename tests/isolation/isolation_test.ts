/** Every provider with every fault, as a client of a stream sees it: other providers are not delayed, and nothing leaks. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";
import type { Provider } from "../../lib/topics/quotes/providers/provider.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { providersFor } from "../../lib/topics/quotes/providers/registry.ts";
import { SIMULATED } from "./answers.ts";
import { type Fault, FAULTS, LEAK, taken } from "./faults.ts";
import {
  createQuotesUnderTest,
  INTERVAL_MS,
  KEYS,
  type QuotesUnderTest,
  unreachable,
} from "./quotes_under_test.ts";

const PROVIDERS = providersFor(readConfig(KEYS), instrumentsFor({}));

/** Three calls that time out are the slowest way to open a circuit breaker. */
const FAULTY_MS = 45_000;

/** The other providers of a provider's symbols, which would hide its fault by fail-over. */
function alternatesOf({ name, symbols }: Provider): string[] {
  return PROVIDERS.filter((each) => each.name !== name)
    .filter((each) => each.symbols.some((symbol) => symbols.includes(symbol)))
    .map((each) => each.name);
}

/** Asserts that the faulty provider delays no other one: every other symbol has a new price with every poll. */
function assertOthersOnTime(test: QuotesUnderTest, symbols: readonly string[], since: number) {
  const others = new Set(PROVIDERS.flatMap((each) => each.symbols));
  for (const symbol of symbols) others.delete(symbol);
  assert(others.size > 0);
  for (const symbol of others) {
    const times = test.quotesOf(symbol).map((quote) => Date.parse(quote.received_at))
      .filter((at) => at >= since);
    const waits = [since, ...times, test.clock.now()].map((at, n, all) => at - (all[n - 1] ?? at));
    assert(Math.max(...waits) <= INTERVAL_MS, `${symbol} waited for ${Math.max(...waits)} ms`);
  }
}

function assertNothingLeaks(test: QuotesUnderTest): void {
  const output = test.output();
  for (const secret of [LEAK, ...Object.values(KEYS)]) {
    assert(!output.includes(secret), `${secret} leaked`);
  }
}

async function assertQuotesStay(test: QuotesUnderTest, { name, symbols }: Provider) {
  const { quotes } = await test.services.quotes.snapshot();
  for (const symbol of symbols) {
    const quote = quotes.find((each) => each.symbol === symbol);
    assertEquals([quote?.source, typeof quote?.price], [name, "string"], symbol);
    assertEquals(quote?.is_stale, quote?.session !== "closed", symbol);
  }
}

function assertStatus(test: QuotesUnderTest, name: string, { reason, isCooling }: Fault): void {
  const status = test.statusOf(name);
  assert(status !== undefined && reason !== null, name);
  assertMatch(status.reason ?? "", reason);
  const states = isCooling ? ["stale", "closed"] : ["down"];
  assert(states.includes(status.state), `${name} is ${status.state}`);
  // The status has the next try, and there is no call before it.
  const { host } = SIMULATED.find((each) => each.name === name) ?? {};
  const next = status.next_try_at === null ? NaN : Date.parse(status.next_try_at);
  if (status.breaker !== "half-open") assert(next > 0, `${name} has no next try`);
  assertEquals(test.calls.filter((call) => call.host === host && call.at > next).length, 0);
}

Deno.test("the isolation matrix simulates every provider of the registry", () => {
  assertEquals(SIMULATED.map(({ name }) => name), PROVIDERS.map(({ name }) => name));
});

for (const provider of PROVIDERS) {
  for (const fault of FAULTS) {
    Deno.test(`isolation: ${provider.name}, ${fault.name}`, async () => {
      const { name, symbols } = provider;
      const failing = new Map(alternatesOf(provider).map((rival) => [rival, unreachable]));
      await using test = await createQuotesUnderTest(failing);
      await test.clock.advance(2 * INTERVAL_MS);
      for (const symbol of symbols) {
        assert(test.quotesOf(symbol).some(({ source }) => source === name), symbol);
      }
      test.answers.set(name, fault.answer);
      taken.mib = 0;
      const since = test.clock.now();
      await test.clock.advance(FAULTY_MS);

      assertOthersOnTime(test, symbols, since);
      assertNothingLeaks(test);
      assert(taken.mib <= 100, `${taken.mib} MiB were read`);
      if (fault.isPartial) {
        const state = test.statusOf(name)?.state ?? "";
        assert(["live", "delayed", "closed"].includes(state), state);
      } else {
        await assertQuotesStay(test, provider);
        assertStatus(test, name, fault);
      }
    });
  }
}
