import { assertEquals } from "@std/assert";
import type { EventInput } from "../../../lib/core/event.ts";
import type { Quote } from "../../../lib/topics/quotes/quote.ts";
import { toDay, toTick } from "../../../lib/topics/quotes/quote_parts.ts";
import { ChangePublisher } from "../../../lib/topics/quotes/change_publisher.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { recordPublished } from "./fake_providers.ts";

const quote = (price: string, second: number): Quote => ({
  symbol: "BTC-USD",
  name: "Bitcoin",
  class: "crypto",
  price,
  change: null,
  change_pct: null,
  basis: "none",
  prev_close: null,
  open: null,
  high: null,
  low: null,
  volume: null,
  bid: null,
  ask: null,
  currency: "USD",
  unit: "coin",
  decimals: 2,
  session: "always",
  next_open: null,
  as_of: null,
  received_at: `2026-01-01T00:00:0${second}.000Z`,
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "coinbase",
  attribution: "Coinbase",
  simulated: false,
});

/**
 * Creates a publisher of one quote, which a test may replace, to a sink that holds `published`, and records the published
 * data.
 *
 * @param published The tick, if it is not the one of the quote.
 * @param changesAfterMs The times from now at which time changes the quote.
 */
function createPublisher(
  initial: Quote,
  published: object,
  changesAfterMs: readonly number[] = [],
) {
  const test = { current: initial };
  const clock = createManualClock(Date.parse("2026-01-01T00:00:05.000Z"));
  const changes = changesAfterMs.map((ms) => clock.elapsed() + ms);
  const publishedJson = new Map([
    ["BTC-USD", JSON.stringify(published)],
    ["day:BTC-USD", JSON.stringify(toDay(initial))],
  ]);
  const events: EventInput[] = [];
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const log = { debug() {}, info() {}, warn, error() {} };
  const source = {
    snapshot: () => ({ quotes: [test.current], status: [] }),
    msUntilChange(lookBackMs: number) {
      const next = changes.find((elapsed) => elapsed > clock.elapsed() - lookBackMs) ?? Infinity;
      return next - clock.elapsed();
    },
  };
  const sink = {
    republishUnchanged: true,
    published: (): Promise<ReadonlyMap<string, string>> => Promise.resolve(publishedJson),
    publish(batch: readonly EventInput[]) {
      events.push(...batch);
      recordPublished(publishedJson, batch);
      return Promise.resolve();
    },
  };
  const publisher = new ChangePublisher({ clock, log }, source, sink);
  const data = (type = "quote") =>
    events.filter((event) => event.type === type).map((event) => event.data);
  return Object.assign(test, { clock, publisher, publishedJson, sink, warnings, data });
}

async function publishAndRecord(current: Quote, published: object): Promise<unknown[]> {
  const { publisher, data } = createPublisher(current, published);
  await publisher.publish();
  return data();
}

Deno.test("ChangePublisher publishes a price that differs from the published one", async () => {
  assertEquals(await publishAndRecord(quote("2.00", 2), toTick(quote("1.00", 1))), [
    toTick(quote("2.00", 2)),
  ]);
});

Deno.test("ChangePublisher does not publish a quote that is older than the published one", async () => {
  assertEquals(await publishAndRecord(quote("1.00", 1), toTick(quote("2.00", 2))), []);
});

Deno.test("ChangePublisher publishes changes although the wall clock of the previous leader was ahead", async () => {
  const published = { ...toTick(quote("1.00", 1)), received_at: "2026-01-01T01:00:00.000Z" };
  const { received_at } = published;
  assertEquals(await publishAndRecord(quote("2.00", 2), published), [{
    ...toTick(quote("2.00", 2)),
    received_at,
  }]);
  assertEquals(await publishAndRecord(quote("1.00", 2), published), []);
});

Deno.test("ChangePublisher replaces a published value of a version that lacks a field", async () => {
  const tick = toTick(quote("2.00", 2));
  const { source: _source, ...olderTick } = tick;
  // Once, a quote was published as a whole.
  for (const older of [olderTick, quote("2.00", 2)]) {
    assertEquals(await publishAndRecord(quote("2.00", 2), older), [tick]);
  }
});

Deno.test("ChangePublisher pauses for a second after each failure of its sink", async () => {
  const { clock, publisher, sink, warnings } = createPublisher(
    quote("2.00", 2),
    toTick(quote("1.00", 1)),
    [
      500,
    ],
  );
  await clock.advance(1000);
  sink.published = () => Promise.reject(new Error("the log is unavailable"));
  publisher.start();
  await clock.advance(3500);
  publisher.stop();
  assertEquals(warnings.length, 4);
  assertEquals(clock.timers, 0);
});

Deno.test("ChangePublisher publishes when time changes a value, while it runs", async () => {
  const { clock, publisher, data } = createPublisher(quote("2.00", 2), toTick(quote("1.00", 1)), [
    5000,
    20_000,
  ]);
  publisher.start();
  await clock.advance(4999);
  assertEquals(data().length, 0);
  await clock.advance(1);
  assertEquals([data().length, clock.timers], [1, 1]);
  publisher.stop();
  await clock.advance(60_000);
  assertEquals([data().length, clock.timers], [1, 0]);
});

Deno.test("ChangePublisher publishes a day when it changes, at most once a minute", async () => {
  const current = { ...quote("2.00", 2), volume: "10" };
  const test = createPublisher(current, toTick(current));
  const { clock, publisher, data } = test;
  publisher.start();
  const publishVolume = (volume: string) => {
    test.current = { ...current, volume };
    return publisher.publish();
  };
  await publishVolume("11");
  assertEquals(data("day"), [toDay({ ...current, volume: "11" })]);
  await clock.advance(30_000);
  await publishVolume("12");
  await publishVolume("13");
  assertEquals(data("day").length, 1);
  await clock.advance(29_999);
  assertEquals(data("day").length, 1);
  await clock.advance(1);
  assertEquals(data("day").slice(1), [toDay({ ...current, volume: "13" })]);
  await clock.advance(120_000);
  assertEquals([data("day").length, data().length], [2, 0]);
  publisher.stop();
});

Deno.test("ChangePublisher publishes the first day of a symbol with its first tick", async () => {
  const current = quote("2.00", 2);
  const test = createPublisher(current, toTick(current));
  await test.publisher.publish();
  test.publishedJson.clear();
  await test.publisher.publish();
  assertEquals([test.data(), test.data("day")], [[toTick(current)], [toDay(current)]]);
});

Deno.test("ChangePublisher publishes no day of a quote that is older than the published tick", async () => {
  const later = toTick(quote("2.00", 2));
  const test = createPublisher(quote("1.00", 1), later);
  test.current = { ...test.current, high: "9.00" };
  await test.publisher.publish();
  assertEquals(test.data("day"), []);
});

Deno.test("ChangePublisher publishes no older trade of the same source, as a new leader may read it", async () => {
  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  const published = toTick({ ...quote("2.00", 2), as_of: at(2) });
  const older = { ...quote("1.00", 3), as_of: at(1) };
  assertEquals(await publishAndRecord(older, published), []);
  // If nothing newer comes, the published price is stale.
  assertEquals(await publishAndRecord({ ...older, is_stale: true }, published), [
    { ...published, is_stale: true },
  ]);
  // Another source may have another delay, and a time in the future is an error.
  const other = { ...older, source: "kraken" };
  assertEquals(await publishAndRecord(other, published), [toTick(other)]);
  const ahead = { ...published, as_of: "2026-01-01T01:00:00Z" };
  assertEquals(await publishAndRecord(older, ahead), [toTick(older)]);
});
