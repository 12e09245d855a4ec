import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../../lib/core/config.ts";
import type { EventInput } from "../../../lib/core/event.ts";
import type { Runtime } from "../../../lib/core/runtime.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";
import { Poller } from "../../../lib/topics/quotes/poller.ts";
import { providersFor } from "../../../lib/topics/quotes/providers/registry.ts";
import { ProviderStatus, Tick } from "../../../lib/topics/quotes/quote.ts";
import { unservedSymbols } from "../../../lib/topics/quotes/quotes_service.ts";
import { createUpstream } from "../../../lib/upstream/upstream.ts";
import { createDemoAt } from "../../demo/support.ts";
import { NO_RECORDER, recordPublished, summarize } from "./fake_providers.ts";

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";

/** A Saturday, on which spot metals are closed. */
const SATURDAY = Date.UTC(2026, 10, 21);

/** Creates the poller of a demo in which some hosts are unreachable. */
function createDemoPoller(
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
  const instruments = instrumentsFor(config);
  const upstreams = { ...runtime, fetch };
  const poller = new Poller({
    runtime,
    instruments,
    spanAt: createMarketHours(),
    providers: providersFor(config, instruments).map((provider) => ({
      provider,
      upstream: createUpstream(upstreams, provider),
    })),
    sink: {
      published: () => Promise.resolve(published),
      publish(events) {
        batches.push(events);
        recordPublished(published, events);
        return Promise.resolve();
      },
      republishUnchanged: false,
    },
    recorder: NO_RECORDER,
    isSimulated: true,
    maxDivergencePct: 1,
  });
  const evaluators = [poller, unservedSymbols(runtime, config, instruments)];
  return { clock, poller, evaluators, batches, calls };
}

/** Returns the sources of the first quotes of crypto. */
async function cryptoSources(unreachableHosts: readonly string[]): Promise<string[]> {
  const { poller, clock, batches } = createDemoPoller({}, unreachableHosts);
  const refreshed = poller.refresh();
  await clock.advance(10_000);
  await refreshed;
  return batches.flatMap(summarize).filter((line) => /^(BTC|ETH)-USD/.test(line))
    .map((line) => line.replace(/ [\d.]+/, ""));
}

Deno.test("a poller of the demo publishes no stale quote", async () => {
  const { clock, poller, batches } = createDemoPoller();
  const stop = poller.start();
  await clock.advance(60_000);
  stop();
  await clock.advance(0);
  assertEquals(clock.timers, 0);
  assertEquals([poller.shortestIntervalMs, poller.longestIntervalMs], [5000, 5000]);
  const events = batches.flat();
  const ticks = events.flatMap(({ type, data }) => type === "quote" ? [Tick.parse(data)] : []);
  assert(ticks.length >= 20);
  assert(!ticks.some(({ is_stale }) => is_stale));
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

Deno.test("a poller of the demo fails over from Coinbase to Kraken to CoinGecko", async () => {
  const from = (source: string) => [`BTC-USD of ${source}`, `ETH-USD of ${source}`];
  assertEquals(await cryptoSources([]), from("coinbase"));
  assertEquals(await cryptoSources([COINBASE]), from("kraken"));
  assertEquals(await cryptoSources([COINBASE, KRAKEN]), from("coingecko"));
});

Deno.test("a poller of the demo stays within the quota of CoinGecko", async () => {
  const { clock, poller, batches, calls } = createDemoPoller({ DEMO: "0" }, [
    COINBASE,
    KRAKEN,
  ]);
  const stop = poller.start();
  await clock.advance(600_000);
  stop();
  await clock.advance(10_000);
  assertEquals(calls.filter((host) => host === "api.coingecko.com").length, 3);
  const ticks = batches.flat().flatMap(({ type, data }) =>
    type === "quote" ? [Tick.parse(data)] : []
  ).filter(({ source }) => source === "coingecko");
  assertEquals(ticks.map(({ is_stale }) => is_stale), ticks.map(() => undefined));
  assertEquals(ticks.length, 6);
});

Deno.test("unservedSymbols() lists a status for symbols without a provider", () => {
  const { evaluators, clock } = createDemoPoller({ UNOFFICIAL_SOURCES: "none" });
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
    createDemoPoller().evaluators.flatMap((evaluator) => evaluator.pendingStatuses()).map((
      { provider },
    ) => provider),
    ["coinbase", "gold-api", "yahoo"],
  );
});
