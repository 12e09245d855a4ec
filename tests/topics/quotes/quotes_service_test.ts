/** The quotes service of an isolate, while the store is available and while it is not. */
import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../../lib/core/config.ts";
import { createDemoRuntime } from "../../../lib/demo/demo_runtime.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import type { Lease } from "../../../lib/store/lease.ts";
import { createMemoryLeases, type MemoryLeases } from "../../../lib/store/memory/lease.ts";
import type { Hub } from "../../../lib/hub/hub.ts";
import { createQuotesService } from "../../../lib/topics/quotes/quotes_service.ts";
import { Quote } from "../../../lib/topics/quotes/quote.ts";
import { createClient } from "../../hub/support.ts";
import { createFaultyHub } from "../../hub/faulty_log.ts";

const silent = () => {};
const INTERVAL_MS = 5000;
const COINBASE = "api.exchange.coinbase.com";

/** The quotes service of a demo, over a log that may be unavailable, with one subscriber. */
async function createWatchedQuotes(prepare = (_: MemoryLeases) => Promise.resolve()) {
  const faultyHub = createFaultyHub();
  const { clock, hub, faulty } = faultyHub;
  const leases = createMemoryLeases(clock);
  await prepare(leases);
  const asked: number[] = [];
  const began = clock.now();
  const demo = createDemoRuntime({
    clock,
    random: () => 0.5,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    fetch: () => Promise.reject(new Error("the demo has a network")),
    resolve: () => Promise.reject(new Error("the demo has a network")),
    readAsset: () => Promise.reject(new Error("no assets")),
  }, { speed: 1, hasFaults: false });
  const runtime: typeof demo = {
    ...demo,
    fetch(url, init) {
      if (url.hostname === COINBASE && url.pathname.endsWith("BTC-USD/ticker")) {
        asked.push(clock.now() - began);
      }
      return demo.fetch(url, init);
    },
  };
  const config = readConfig({ DEMO: "1" });
  const reach = <T>(call: () => Promise<T>) =>
    faulty.health.isUp ? call() : Promise.reject(new StoreUnavailable());
  function lease(name: string): Lease {
    const { claim, renew, release, ...real } = leases.lease(name, "us");
    return {
      ...real,
      claim: () => reach(claim),
      renew: () => reach(renew),
      release: () => reach(release),
    };
  }
  const shared = { lease, health: faulty.health };
  // The log of the test knows nothing of these leases.
  const unfenced: Hub = {
    ...hub,
    publish: (topic, publications) => hub.publish(topic, publications),
  };
  const service = createQuotesService(runtime, config, unfenced, shared);
  const filters = [{ topic: service.topic, tags: ["BTC-USD"] }];
  const client = createClient(await hub.subscribe({ filters })).live();
  await clock.advance(1000);
  const quotes = () =>
    client.frames.filter(({ event }) => event === "quote")
      .map(({ id, data }) => ({ id, ...Quote.parse(JSON.parse(data)) }));
  return { ...faultyHub, faulty, clock, hub, service, client, asked, quotes, leases };
}

Deno.test("createQuotesService() polls at four times the interval and sends quotes without ids while the store is unavailable", async () => {
  await using test = await createWatchedQuotes();
  const { faulty, clock, asked, quotes } = test;
  await clock.advance(3 * INTERVAL_MS);
  const usual = asked.length;
  assert(usual >= 3);
  faulty.goDown();
  // It stays the leader while its lease is valid.
  await clock.advance(30_000);
  assertEquals(quotes().at(-1)?.id, null);
  asked.length = 0;
  await clock.advance(8 * INTERVAL_MS);
  assertEquals(asked.length, 2);
  assert(quotes().every(({ is_stale }) => !is_stale), "staleness counts by the longer interval");

  const last = quotes().at(-1);
  faulty.recover();
  await clock.advance(2 * INTERVAL_MS);
  const after = quotes().slice(
    quotes().findIndex(({ received_at }) => received_at === last?.received_at),
  );
  assert(after.at(-1)?.id !== null, "the log has it again");
  const times = quotes().map(({ received_at }) => received_at);
  assertEquals(times.toSorted(), times, "no value goes back");
  await test.client.hangUp();
});

Deno.test("createQuotesService() polls nothing while another isolate leads, and takes over when its lease expires", async () => {
  await using test = await createWatchedQuotes(async (leases) => {
    await leases.lease("quotes", "another").claim();
  });
  const { clock, asked } = test;
  await clock.advance(28_000);
  assertEquals(asked, []);
  await clock.advance(2000);
  assertEquals(asked.length, 1);
  await test.client.hangUp();
});
