import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../../lib/core/config.ts";
import type { EventInput } from "../../../lib/core/event.ts";
import type { Runtime } from "../../../lib/core/runtime.ts";
import {
  createPollers,
  groupBySymbols,
  unservedSymbols,
} from "../../../lib/topics/quotes/pollers.ts";
import type { Provider } from "../../../lib/topics/quotes/providers/provider.ts";
import { ProviderStatus, Quote } from "../../../lib/topics/quotes/quote.ts";
import { createDemoAt } from "../../demo/support.ts";
import { recordPublished, summarize } from "./fake_providers.ts";

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";

/** A Saturday, on which spot metals are closed. */
const SATURDAY = Date.UTC(2026, 10, 21);

/** Creates the pollers of a demo in which some hosts are unreachable. */
function createPollersUnderTest(
  env: Readonly<Record<string, string>> = {},
  unreachableHosts: readonly string[] = [],
) {
  const { clock, runtime } = createDemoAt(SATURDAY);
  const calls: string[] = [];
  const fetch: Runtime["fetch"] = (url, init) => {
    calls.push(url.hostname);
    return unreachableHosts.includes(url.hostname)
      ? Promise.reject(new TypeError("unreachable"))
      : runtime.fetch(url, init);
  };
  const batches: (readonly EventInput[])[] = [];
  const published = new Map<string, string>();
  const config = readConfig({ DEMO: "1", COINGECKO_API_KEY: "CG-key", ...env });
  const pollers = createPollers(
    { ...runtime, fetch },
    config,
    {
      published: () => Promise.resolve(published),
      publish(events) {
        batches.push(events);
        recordPublished(published, events);
        return Promise.resolve();
      },
      republishUnchanged: false,
    },
  );
  const evaluators = [...pollers, unservedSymbols(runtime, config)];
  return { clock, pollers, evaluators, batches, calls };
}

/** Returns the sources of the first quotes of crypto. */
async function cryptoSources(unreachableHosts: readonly string[]): Promise<string[]> {
  const { pollers, clock, batches } = createPollersUnderTest({}, unreachableHosts);
  const refreshed = Promise.all(pollers.map((poller) => poller.refresh()));
  await clock.advance(10_000);
  await refreshed;
  return batches.flatMap(summarize).filter((line) => /^(BTC|ETH)-USD/.test(line))
    .map((line) => line.replace(/ [\d.]+/, ""));
}

Deno.test("createPollers() polls the demo's upstreams without a stale quote", async () => {
  const { clock, pollers, batches } = createPollersUnderTest();
  const stops = pollers.map((poller) => poller.start());
  await clock.advance(60_000);
  for (const stop of stops) stop();
  await clock.advance(0);
  assertEquals(clock.timers, 0);
  assertEquals(pollers.map(({ nextPollDelayS }) => nextPollDelayS), [5, 5, 5]);
  const events = batches.flat();
  const quotes = events.flatMap(({ type, data }) => type === "quote" ? [Quote.parse(data)] : []);
  assert(quotes.length >= 20);
  assert(quotes.every(({ simulated, is_stale }) => simulated && !is_stale));
  const states = events.flatMap(({ type, data }) =>
    type === "status" ? [ProviderStatus.parse(data)] : []
  )
    .map(({ provider, state, reason }) => `${provider} ${state}: ${reason}`);
  // The demo follows the real hours of spot metals, and simulates those of oil and indices.
  assertEquals(states.filter((line) => !line.startsWith("yahoo")).toSorted(), [
    "coinbase live: null",
    "gold-api closed: Markets are closed",
    "kraken live: On standby while Coinbase serves",
  ]);
});

Deno.test("createPollers() fails over from Coinbase to Kraken to CoinGecko", async () => {
  const from = (source: string) => [`BTC-USD of ${source}`, `ETH-USD of ${source}`];
  assertEquals(await cryptoSources([]), from("coinbase"));
  assertEquals(await cryptoSources([COINBASE]), from("kraken"));
  assertEquals(await cryptoSources([COINBASE, KRAKEN]), from("coingecko"));
});

Deno.test("createPollers() stays within the quota of CoinGecko", async () => {
  const { clock, pollers, batches, calls } = createPollersUnderTest({ DEMO: "0" }, [
    COINBASE,
    KRAKEN,
  ]);
  const stops = pollers.map((poller) => poller.start());
  await clock.advance(600_000);
  for (const stop of stops) stop();
  await clock.advance(10_000);
  assertEquals(calls.filter((host) => host === "api.coingecko.com").length, 3);
  const quotes = batches.flat().flatMap(({ type, data }) =>
    type === "quote" ? [Quote.parse(data)] : []
  ).filter((quote) => quote.class === "crypto");
  assertEquals(quotes.map(({ is_stale }) => is_stale), quotes.map(() => false));
  assertEquals(quotes.length, 6);
});

Deno.test("unservedSymbols() lists a status for symbols without a provider", () => {
  const { evaluators, clock } = createPollersUnderTest({ UNOFFICIAL_SOURCES: "none" });
  const [status] = evaluators.flatMap((evaluator) => evaluator.pendingStatuses())
    .filter(({ provider }) => provider === "none");
  assertEquals(status, {
    provider: "none",
    symbols: ["BRENT", "WTI", "SPX", "DJI", "IXIC"],
    state: "down",
    since: new Date(clock.now()).toISOString(),
    reason: "no source configured",
    breaker: "closed",
    next_try_at: null,
  });
  assertEquals(
    createPollersUnderTest().evaluators.flatMap((evaluator) => evaluator.pendingStatuses()).map((
      { provider },
    ) => provider),
    ["coinbase", "gold-api", "yahoo"],
  );
});

Deno.test("groupBySymbols() groups providers that share a symbol, also through a third provider", () => {
  const provider = (name: string, ...symbols: string[]): Provider => ({
    name,
    title: name,
    attribution: name,
    symbols,
    intervalMs: 1000,
    ttlMs: 1000,
    read: () => Promise.reject(new Error("unused")),
  });
  const groupNames = (...providers: Provider[]) =>
    groupBySymbols(providers).map((group) => group.map(({ name }) => name));
  assertEquals(groupNames(provider("a", "BTC-USD"), provider("b", "SPX")), [["a"], ["b"]]);
  assertEquals(
    groupNames(
      provider("a", "BTC-USD"),
      provider("b", "SPX"),
      provider("c", "WTI"),
      provider("d", "WTI", "BTC-USD"),
    ),
    [["b"], ["a", "c", "d"]],
  );
});
