import { assertEquals } from "@std/assert";
import type { EventInput } from "../../../lib/core/event.ts";
import type { Quote } from "../../../lib/topics/quotes/quote.ts";
import { ChangePublisher } from "../../../lib/topics/quotes/change_publisher.ts";
import { createManualClock } from "../../support/manual_clock.ts";

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
 * Creates a publisher of one quote to a sink that holds `published`, and records the published data.
 *
 * @param changesAfterMs The times from now at which time changes the quote.
 */
function createPublisher(
  current: Quote,
  published: { readonly symbol: string },
  changesAfterMs: readonly number[] = [],
) {
  const clock = createManualClock(Date.parse("2026-01-01T00:00:05.000Z"));
  const changes = changesAfterMs.map((ms) => clock.elapsed() + ms);
  const publishedJson = new Map([[published.symbol, JSON.stringify(published)]]);
  const events: EventInput[] = [];
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const log = { debug() {}, info() {}, warn, error() {} };
  const source = {
    snapshot: () => ({ quotes: [current], status: [] }),
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
      return Promise.resolve();
    },
  };
  const publisher = new ChangePublisher({ clock, log }, source, sink);
  return { clock, publisher, sink, warnings, data: () => events.map(({ data }) => data) };
}

async function publishAndRecord(
  current: Quote,
  published: { readonly symbol: string },
): Promise<unknown[]> {
  const { publisher, data } = createPublisher(current, published);
  await publisher.publish();
  return data();
}

Deno.test("ChangePublisher publishes a price that differs from the published one", async () => {
  assertEquals(await publishAndRecord(quote("2.00", 2), quote("1.00", 1)), [quote("2.00", 2)]);
});

Deno.test("ChangePublisher does not publish a quote that is older than the published one", async () => {
  assertEquals(await publishAndRecord(quote("1.00", 1), quote("2.00", 2)), []);
});

Deno.test("ChangePublisher publishes changes although the wall clock of the previous leader was ahead", async () => {
  const published = { ...quote("1.00", 1), received_at: "2026-01-01T01:00:00.000Z" };
  const { received_at } = published;
  assertEquals(await publishAndRecord(quote("2.00", 2), published), [{
    ...quote("2.00", 2),
    received_at,
  }]);
  assertEquals(await publishAndRecord(quote("1.00", 2), published), []);
});

Deno.test("ChangePublisher replaces a published quote of a version that lacks a field", async () => {
  const { decimals: _decimals, ...olderQuote } = quote("2.00", 2);
  assertEquals(await publishAndRecord(quote("2.00", 2), olderQuote), [quote("2.00", 2)]);
});

Deno.test("ChangePublisher pauses for a second after each failure of its sink", async () => {
  const { clock, publisher, sink, warnings } = createPublisher(quote("2.00", 2), quote("1.00", 1), [
    500,
  ]);
  await clock.advance(1000);
  sink.published = () => Promise.reject(new Error("the log is unavailable"));
  publisher.start();
  await clock.advance(3500);
  publisher.stop();
  assertEquals(warnings.length, 4);
  assertEquals(clock.timers, 0);
});

Deno.test("ChangePublisher publishes when time changes a value, while it runs", async () => {
  const { clock, publisher, data } = createPublisher(quote("2.00", 2), quote("1.00", 1), [
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
