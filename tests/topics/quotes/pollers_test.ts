import { assert, assertEquals } from "@std/assert";
import type { Publication } from "../../../lib/core/event.ts";
import type { World } from "../../../lib/core/world.ts";
import { createDemoWorld } from "../../../lib/demo/demo_world.ts";
import { createPollers } from "../../../lib/topics/quotes/pollers.ts";
import type { ProviderConfig } from "../../../lib/topics/quotes/providers.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { inShort } from "./fake_providers.ts";

const silent = () => {};

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";

/** Pollers in the demo's world, in which some hosts are out of reach. */
function demo(config: Partial<ProviderConfig> = {}, lost: readonly string[] = []) {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const world = createDemoWorld({
    clock,
    random: () => 0.5,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    fetch: () => Promise.reject(new Error("the demo has a network")),
    resolve: () => Promise.reject(new Error("the demo has a network")),
    readAsset: () => Promise.reject(new Error("no assets")),
  });
  const calls: string[] = [];
  const fetch: World["fetch"] = (url, init) => {
    calls.push(url.hostname);
    return lost.includes(url.hostname)
      ? Promise.reject(new TypeError("lost"))
      : world.fetch(url, init);
  };
  const batches: (readonly Publication[])[] = [];
  const pollers = createPollers(
    { ...world, fetch },
    { DEMO: true, COINGECKO_API_KEY: "CG-key", ...config },
    (publications) => Promise.resolve(void batches.push(publications)),
  );
  return { clock, pollers, batches, calls };
}

/** Where the quotes of a first poll came from. */
async function sources(lost: readonly string[]): Promise<string[]> {
  const { pollers, clock, batches } = demo({}, lost);
  const refreshed = Promise.all(pollers.map((poller) => poller.refresh()));
  await clock.advance(10_000);
  await refreshed;
  return inShort(batches[0]).slice(0, 2).map((line) => line.replace(/ [\d.]+/, ""));
}

Deno.test("createPollers() runs calmly on the demo's upstreams", async () => {
  const { clock, pollers, batches } = demo();
  const stops = pollers.map((poller) => poller.start());
  await clock.advance(60_000);
  for (const stop of stops) stop();
  await clock.advance(0);
  assertEquals(clock.timers, 0);
  assertEquals(pollers.map(({ nextPollDelayS }) => nextPollDelayS), [5]);
  const told = batches.flat();
  assert(told.filter(({ type }) => type === "quote").length >= 20);
  assertEquals(told.filter(({ type }) => type === "status").map(({ data }) => Object(data).state), [
    "live",
  ]);
  assert(told.every(({ type, data }) => type === "status" || Object(data).simulated === true));
});

Deno.test("createPollers() goes from Coinbase to Kraken to CoinGecko", async () => {
  assertEquals(await sources([]), ["BTC-USD of coinbase", "ETH-USD of coinbase"]);
  assertEquals(await sources([COINBASE]), ["BTC-USD of kraken", "ETH-USD of kraken"]);
  assertEquals(await sources([COINBASE, KRAKEN]), [
    "BTC-USD of coingecko",
    "ETH-USD of coingecko",
  ]);
});

Deno.test("createPollers() asks CoinGecko no more often than its quota allows", async () => {
  const { clock, pollers, batches, calls } = demo({ DEMO: false }, [COINBASE, KRAKEN]);
  const stops = pollers.map((poller) => poller.start());
  await clock.advance(600_000);
  for (const stop of stops) stop();
  assertEquals(calls.filter((host) => host === "api.coingecko.com").length, 3);
  const quotes = batches.flat().filter(({ type }) => type === "quote");
  assertEquals(quotes.map(({ data }) => Object(data).is_stale), quotes.map(() => false));
  assertEquals(quotes.length, 6);
});
