/** The quotes service of an isolate, while the store is available and while it is not. */
import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../../lib/core/config.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import type { Lease } from "../../../lib/store/lease.ts";
import { createMemoryLeases, type MemoryLeases } from "../../../lib/store/memory/lease.ts";
import { createMemoryStore } from "../../../lib/store/memory/store.ts";
import type { Hub } from "../../../lib/hub/hub.ts";
import { barOf, encodeBars } from "../../../lib/topics/quotes/history/bar.ts";
import { ringKey } from "../../../lib/topics/quotes/history/bar_recorder.ts";
import { FINE_RING } from "../../../lib/topics/quotes/history/range.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { createQuotesService } from "../../../lib/topics/quotes/quotes_service.ts";
import { Tick } from "../../../lib/topics/quotes/quote.ts";
import { createOfflineDemo } from "../../demo/support.ts";
import { createClient } from "../../hub/support.ts";
import { createFaultyHub } from "../../hub/faulty_log.ts";

const INTERVAL_MS = 5000;
const COINBASE = "api.exchange.coinbase.com";
const COINBASE_STREAM = "ws-feed.exchange.coinbase.com";

/** Creates the quotes service of a demo, with one subscriber and a log that may be unavailable. */
async function createSubscribedQuotes(
  prepare = (_: MemoryLeases) => Promise.resolve(),
  env: Readonly<Record<string, string>> = {},
) {
  const faultyHub = createFaultyHub();
  const { clock, hub, faulty } = faultyHub;
  const leases = createMemoryLeases(clock);
  await prepare(leases);
  const pollTimes: number[] = [];
  const openHosts = new Set<string>();
  const startedAt = clock.now();
  const demo = createOfflineDemo(clock);
  const runtime: typeof demo = {
    ...demo,
    fetch(url, init) {
      if (url.hostname === COINBASE && url.pathname.endsWith("BTC-USD/ticker")) {
        pollTimes.push(clock.now() - startedAt);
      }
      return demo.fetch(url, init);
    },
    connect(url) {
      const socket = demo.connect(url);
      openHosts.add(url.host);
      const { close } = socket;
      socket.close = () => {
        openHosts.delete(url.host);
        close.call(socket);
      };
      return socket;
    },
  };
  const config = readConfig({ DEMO: "1", ...env });
  const ifUp = <T>(call: () => Promise<T>) =>
    faulty.health.isUp ? call() : Promise.reject(new StoreUnavailable());
  function lease(name: string): Lease {
    const { claim, renew, release, ...reachableLease } = leases.lease(name, "us");
    return {
      ...reachableLease,
      claim: () => ifUp(claim),
      renew: () => ifUp(renew),
      release: () => ifUp(release),
    };
  }
  const store = createMemoryStore(clock);
  // A previous leader has recorded the close of the session before the latest one: Monday, 17:00 in New York.
  const bars = encodeBars([barOf(Date.parse("2023-11-13T21:55:00Z"), "4000.00")]);
  await store.set(ringKey(FINE_RING, "XAU-USD"), `gold-api ${bars}`);
  const shared = { lease, health: faulty.health, store };
  // The log of the test does not share these leases, so it cannot check a fence.
  const unfenced: Hub = {
    ...hub,
    publish: (topic, events) => hub.publish(topic, events),
  };
  const service = createQuotesService(
    runtime,
    config,
    instrumentsFor(config),
    unfenced,
    shared,
  );
  const filters = [{ topic: service.topic, tags: ["BTC-USD"] }];
  const client = createClient(await hub.subscribe({ filters })).live();
  await clock.advance(1000);
  const quotes = () =>
    client.frames.filter(({ event }) => event === "quote")
      .map(({ id, data }) => ({ id, ...Tick.parse(JSON.parse(data)) }));
  const context = { faulty, clock, hub, service, client, pollTimes, openHosts, quotes, leases };
  return { ...faultyHub, ...context };
}

Deno.test("createQuotesService() polls at four times the interval and sends quotes without ids while the store is unavailable", async () => {
  await using test = await createSubscribedQuotes(undefined, { STREAMING_SOURCES: "none" });
  const { faulty, clock, pollTimes, quotes } = test;
  await clock.advance(3 * INTERVAL_MS);
  assert(pollTimes.length >= 3);
  faulty.goDown();
  // The isolate stays the leader while its lease is valid.
  await clock.advance(30_000);
  assertEquals(quotes().at(-1)?.id, null);
  pollTimes.length = 0;
  await clock.advance(8 * INTERVAL_MS);
  assertEquals(pollTimes.length, 2);
  assert(quotes().every(({ is_stale }) => !is_stale), "staleness counts by the longer interval");

  const last = quotes().at(-1);
  faulty.recover();
  await clock.advance(2 * INTERVAL_MS);
  const quotesAfterRecovery = quotes().slice(
    quotes().findIndex(({ received_at }) => received_at === last?.received_at),
  );
  assert(quotesAfterRecovery.at(-1)?.id !== null, "quotes are in the log again");
  const times = quotes().map(({ received_at }) => received_at);
  assertEquals(times.toSorted(), times, "received_at never moves backwards");
  await test.client.hangUp();
});

Deno.test("createQuotesService() polls nothing while another isolate leads, and takes over when its lease expires", async () => {
  await using test = await createSubscribedQuotes(async (leases) => {
    await leases.lease("quotes", "another").claim();
  });
  const { clock, pollTimes } = test;
  await clock.advance(28_000);
  assertEquals(pollTimes, []);
  await clock.advance(2000);
  assertEquals(pollTimes.length, 1);
  await test.client.hangUp();
});

Deno.test("createQuotesService() connects to a stream only while this isolate leads and its quotes are watched", async () => {
  await using leader = await createSubscribedQuotes();
  await leader.clock.advance(INTERVAL_MS);
  assertEquals([...leader.openHosts], [COINBASE_STREAM]);
  assertEquals(leader.pollTimes.length, 1);
  assert(leader.quotes().length > 5, "ticks are sent between polls");
  await leader.client.hangUp();
  await leader.clock.advance(120_000);
  assertEquals([...leader.openHosts], []);

  await using follower = await createSubscribedQuotes(async (leases) => {
    await leases.lease("quotes", "another").claim();
  });
  await follower.clock.advance(28_000);
  assertEquals([...follower.openHosts], []);
  await follower.clock.advance(2000);
  assertEquals([...follower.openHosts], [COINBASE_STREAM]);
  await follower.client.hangUp();
});

Deno.test("createQuotesService() leaves its stream while the store is unavailable, because every isolate polls then", async () => {
  await using test = await createSubscribedQuotes();
  await test.clock.advance(INTERVAL_MS);
  test.faulty.goDown();
  await test.clock.advance(40_000);
  assertEquals([...test.openHosts], []);
  test.faulty.recover();
  await test.clock.advance(40_000);
  assertEquals([...test.openHosts], [COINBASE_STREAM]);
  await test.client.hangUp();
});

Deno.test("createQuotesService() measures the first price of a leader from the close that a previous leader recorded", async () => {
  await using test = await createSubscribedQuotes();
  const { quotes: [gold] } = await test.service.snapshot(["XAU-USD"]);
  assertEquals(gold?.basis, "prev_close");
  assertEquals(Number(gold?.price) - Number(gold?.change), 4000);
  await test.client.hangUp();
});

Deno.test("createQuotesService() announces an unofficial source and how to turn it off, except in a demo", () => {
  const announced = (env: Readonly<Record<string, string>>) => {
    const { clock, hub, faulty } = createFaultyHub();
    const warnings: string[] = [];
    const demo = createOfflineDemo(clock);
    const log = { ...demo.log, warn: (message: string) => void warnings.push(message) };
    const config = readConfig(env);
    const { lease } = createMemoryLeases(clock);
    createQuotesService({ ...demo, log }, config, instrumentsFor(config), hub, {
      lease: (name) => lease(name, "us"),
      health: faulty.health,
      store: createMemoryStore(clock),
    });
    return warnings;
  };
  const [warning = "", ...others] = announced({});
  assertEquals([warning.includes("unofficial"), others], [true, []]);
  assertEquals(warning.includes("UNOFFICIAL_SOURCES=none"), true);
  assertEquals(announced({ UNOFFICIAL_SOURCES: "none" }), []);
  assertEquals(announced({ DEMO: "1" }), []);
});
