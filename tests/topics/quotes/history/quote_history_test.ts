import { assertEquals } from "@std/assert";
import { type Bar, barOf, encodeBars } from "../../../../lib/topics/quotes/history/bar.ts";
import { ringKey } from "../../../../lib/topics/quotes/history/bar_recorder.ts";
import { QuoteHistories } from "../../../../lib/topics/quotes/history/quote_history.ts";
import {
  DAILY_RING,
  FINE_RING,
  HistoryRange,
  type Ring,
} from "../../../../lib/topics/quotes/history/range.ts";
import type { Span } from "../../../../lib/topics/quotes/market_hours.ts";
import type { ConnectedProvider } from "../../../../lib/topics/quotes/provider_client.ts";
import type { ProviderHistory } from "../../../../lib/topics/quotes/providers/provider.ts";
import { Quote } from "../../../../lib/topics/quotes/quote.ts";
import { StoreUnavailable } from "../../../../lib/store/errors.ts";
import { createMemoryStore } from "../../../../lib/store/memory/store.ts";
import type { Store } from "../../../../lib/store/store.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createManualClock } from "../../../support/manual_clock.ts";
import { HEALTHY } from "../fake_providers.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Histories under test: `first` has a history of its own if `own` is set, and `second` has none. */
function createTest(
  { own, spanAt = () => null, wrap = (store) => store, isShared = true }: {
    own?: () => Promise<ProviderHistory>;
    spanAt?: (ms: number) => Span | null;
    wrap?: (store: Store) => Store;
    isShared?: boolean;
  } = {},
) {
  const clock = createManualClock(NOW);
  const store = wrap(createMemoryStore(clock));
  const requests: HistoryRange[] = [];
  const connect = (
    name: string,
    readHistory?: ConnectedProvider["provider"]["readHistory"],
  ): ConnectedProvider => ({
    provider: {
      name,
      title: name,
      attribution: `by ${name}`,
      symbols: ["BTC-USD"],
      intervalMs: 5000,
      ttlMs: 4000,
      read: () => Promise.reject(new Error("unused")),
      ...(readHistory && { readHistory }),
    },
    upstream: { get: () => Promise.reject(new Error("unused")), health: () => HEALTHY },
  });
  const create = () =>
    new QuoteHistories({
      runtime: { clock, log: { debug() {}, info() {}, warn() {}, error() {} } },
      store,
      providers: [
        connect(
          "first",
          own && ((_upstream, _symbol, range) => {
            requests.push(range);
            return own();
          }),
        ),
        connect("second"),
      ],
      spanAt: (_symbol, ms) => spanAt(ms),
      isShared,
      isSimulated: false,
    });
  return { clock, store, requests, histories: create(), create };
}

function quoteOf(source: string, overrides: Partial<Quote> = {}): Quote {
  return Quote.parse({
    symbol: "BTC-USD",
    name: "Bitcoin",
    class: "crypto",
    price: "97000.00",
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
    received_at: new Date(NOW).toISOString(),
    is_delayed: false,
    delay_s: null,
    is_stale: false,
    source,
    attribution: source,
    simulated: false,
    ...overrides,
  });
}

function record(store: Store, source: string, bars: readonly Bar[], ring: Ring = FINE_RING) {
  return store.set(ringKey(ring, "BTC-USD"), `${source} ${encodeBars(bars)}`);
}

/** Bars of five minutes up to now, one per `everyMs`. */
function barsUntilNow(count: number, everyMs = 5 * MINUTE_MS): Bar[] {
  return Array.from(
    { length: count },
    (_, index) => barOf(NOW - (count - index) * everyMs, `9${index}`),
  );
}

Deno.test("QuoteHistories returns recorded bars up to the latest quote, if no provider has a history", async () => {
  const { histories, store } = createTest();
  await record(store, "second", barsUntilNow(300));
  const history = await histories.read("BTC-USD", "1d", quoteOf("second"));
  assertEquals(history.interval_s, 300);
  assertEquals(history.bars.length, 288);
  assertEquals(history.bars.at(-1), [NOW, "97000.00", "97000.00", "97000.00", "97000.00", null]);
  assertEquals(history.prev_close, "912", "the close before the range");
  assertEquals([history.source, history.attribution, history.is_stale], [
    "second",
    "by second",
    false,
  ]);
});

Deno.test("QuoteHistories prefers a provider's own history, continued by recorded bars and the quote of the same source", async () => {
  const bars: Bar[] = [
    [NOW - 3 * HOUR_MS, "1", "2", "1", "2", "5"],
    [NOW - 10 * MINUTE_MS, "2", "3", "2", "3", "5"],
  ];
  const { histories, store } = createTest({
    own: () => Promise.resolve({ intervalMs: 5 * MINUTE_MS, bars, prevClose: "0.9" }),
  });
  await record(store, "first", [barOf(NOW - 10 * MINUTE_MS, "4"), barOf(NOW - 5 * MINUTE_MS, "5")]);
  const history = await histories.read("BTC-USD", "1d", quoteOf("first", { price: "6" }));
  assertEquals(history.bars, [
    [NOW - 3 * HOUR_MS, "1", "2", "1", "2", "5"],
    [NOW - 10 * MINUTE_MS, "2", "4", "2", "4", "5"],
    [NOW - 5 * MINUTE_MS, "5", "5", "5", "5", null],
    [NOW, "6", "6", "6", "6", null],
  ]);
  assertEquals(history.prev_close, "0.9");
});

Deno.test("QuoteHistories never mixes sources: a quote of another provider does not continue a series", async () => {
  const { histories, store } = createTest();
  await record(store, "first", barsUntilNow(300).slice(0, -24));
  const history = await histories.read("BTC-USD", "1d", quoteOf("second"));
  assertEquals([history.source, history.is_stale], ["first", true]);
  assertEquals(history.bars.every(([, , , , close]) => close !== "97000.00"), true);
});

Deno.test("QuoteHistories requests a history once per TTL, and shares it with other isolates", async () => {
  const { histories, create, clock, requests } = createTest({
    own: () =>
      Promise.resolve({ intervalMs: DAY_MS, bars: [barOf(NOW - DAY_MS, "1")], prevClose: null }),
  });
  for (const each of [histories, histories, create()]) {
    assertEquals((await each.read("BTC-USD", "1y", undefined)).bars.length, 1);
  }
  assertEquals(requests, ["1y"]);
  await clock.advance(6 * HOUR_MS + 1);
  await Promise.all([histories, histories].map((each) => each.read("BTC-USD", "1y", undefined)));
  assertEquals(requests, ["1y", "1y"]);
});

Deno.test("QuoteHistories caches a history in the isolate alone if the store is not shared", async () => {
  const { histories, create, requests } = createTest({
    own: () =>
      Promise.resolve({ intervalMs: DAY_MS, bars: [barOf(NOW - DAY_MS, "1")], prevClose: null }),
    isShared: false,
  });
  for (const each of [histories, histories, create()]) await each.read("BTC-USD", "1y", undefined);
  assertEquals(requests, ["1y", "1y"]);
});

Deno.test("QuoteHistories keeps the last known history while its provider fails, and asks again after a minute", async () => {
  let isDown = false;
  const { histories, clock, requests } = createTest({
    own: () =>
      isDown ? Promise.reject(new UpstreamFailure("http", "HTTP 503")) : Promise.resolve({
        intervalMs: MINUTE_MS,
        bars: barsUntilNow(30, MINUTE_MS),
        prevClose: null,
      }),
  });
  await histories.read("BTC-USD", "1h", undefined);
  isDown = true;
  await clock.advance(10 * MINUTE_MS);
  const history = await histories.read("BTC-USD", "1h", undefined);
  assertEquals([history.bars.length, history.is_stale], [30, true]);
  await histories.read("BTC-USD", "1h", undefined);
  assertEquals(requests.length, 2);
  await clock.advance(MINUTE_MS + 1);
  await histories.read("BTC-USD", "1h", undefined);
  assertEquals(requests.length, 3);
});

Deno.test("QuoteHistories has at most 500 bars, of a longer interval", async () => {
  const { histories } = createTest({
    own: () =>
      Promise.resolve({ intervalMs: HOUR_MS, bars: barsUntilNow(744, HOUR_MS), prevClose: null }),
  });
  const { bars, interval_s } = await histories.read("BTC-USD", "1mo", undefined);
  assertEquals([bars.length <= 500, interval_s], [true, 7200]);
});

Deno.test("QuoteHistories covers the last session of a market that is closed", async () => {
  const closedAt = NOW - 40 * HOUR_MS;
  const { histories, store } = createTest({
    spanAt: (ms) =>
      ms < closedAt
        ? { isOpen: true, start: closedAt - 7 * HOUR_MS, end: closedAt }
        : { isOpen: false, start: closedAt, end: NOW + HOUR_MS },
  });
  const session = Array.from(
    { length: 84 },
    (_, n) => barOf(closedAt - (84 - n) * 5 * MINUTE_MS, "7700"),
  );
  await record(store, "first", session);
  const quote = quoteOf("first", { session: "closed", price: "7700" });
  const history = await histories.read("BTC-USD", "1d", quote);
  assertEquals([history.bars.length, history.is_stale], [84, false]);
});

Deno.test("QuoteHistories has no bars if nothing is known or the store does not answer, and does not fail", async () => {
  const down = () => Promise.reject(new StoreUnavailable());
  const tests = [
    createTest(),
    createTest({ wrap: (store) => ({ ...store, getMany: down, set: down }) }),
  ];
  for (const { histories } of tests) {
    const { bars, interval_s, source } = await histories.read("BTC-USD", "1y", undefined);
    assertEquals([bars, interval_s, source], [[], DAILY_RING.intervalMs / 1000, "first"]);
  }
});

Deno.test("QuoteHistories reads the trends of all quotes with one command, and again after ten seconds", async () => {
  const reads: (readonly string[])[] = [];
  const { histories, store, clock } = createTest({
    wrap: (memory) => ({
      ...memory,
      getMany(keys) {
        reads.push(keys);
        return memory.getMany(keys);
      },
    }),
  });
  await record(store, "first", barsUntilNow(100));
  const quotes = [quoteOf("first"), quoteOf("second", { symbol: "ETH-USD" })];
  const trends = await histories.trends(quotes);
  await histories.trends(quotes);
  assertEquals(trends.get("BTC-USD")?.bars.length, 101);
  assertEquals(reads.map(({ length }) => length), [2]);
  await clock.advance(30_001);
  await histories.trends(quotes);
  assertEquals(reads.length, 2);
});

Deno.test("QuoteHistories requests at most three histories of a provider at once", async () => {
  const pending: (() => void)[] = [];
  const { histories, clock, requests } = createTest({
    own: () => {
      const { promise, resolve } = Promise.withResolvers<ProviderHistory>();
      pending.push(() => resolve({ intervalMs: DAY_MS, bars: [barOf(NOW, "1")], prevClose: null }));
      return promise;
    },
  });
  const ranges = HistoryRange.options;
  const reads = Promise.all(ranges.map((range) => histories.read("BTC-USD", range, undefined)));
  await clock.advance(0);
  assertEquals(requests.length, 3);
  pending.splice(0).forEach((answer) => answer());
  await clock.advance(0);
  assertEquals(requests.length, ranges.length);
  pending.splice(0).forEach((answer) => answer());
  assertEquals((await reads).every(({ bars }) => bars.length === 1), true);
});

Deno.test("QuoteHistories does not wait long for a provider that hangs if bars are known", async () => {
  const { histories, store, clock } = createTest({ own: () => new Promise(() => {}) });
  await record(store, "first", barsUntilNow(100));
  const history = histories.read("BTC-USD", "1d", quoteOf("first"));
  await clock.advance(800);
  assertEquals((await history).bars.length, 101);
});

Deno.test("QuoteHistories does not continue a series with a price outside the trading hours", async () => {
  const { histories, store } = createTest();
  await record(store, "first", barsUntilNow(100));
  const lastCloses = [];
  for (const session of ["open", "pre", "post", "closed"] as const) {
    const { bars } = await histories.read("BTC-USD", "1d", quoteOf("first", { session }));
    lastCloses.push(bars.at(-1)?.[4]);
  }
  assertEquals(lastCloses, ["97000.00", "999", "999", "999"]);
});

Deno.test("QuoteHistories states the price before a day as the quote does, unless it is that of a session's beginning", async () => {
  const { histories, store } = createTest();
  await record(store, "first", barsUntilNow(100));
  for (const [basis, prev_close] of [["rolling_24h", "95000.00"], ["session", null]] as const) {
    const quote = quoteOf("first", { basis, prev_close: "95000.00" });
    assertEquals((await histories.read("BTC-USD", "1d", quote)).prev_close, prev_close);
  }
});

Deno.test("QuoteHistories does not wait long for the trend of a provider that hangs", async () => {
  const { histories, store, clock } = createTest({ own: () => new Promise(() => {}) });
  await record(store, "first", barsUntilNow(100));
  const trends = histories.trends([quoteOf("first")]);
  await clock.advance(800); // as long as a GET waits for a poll
  assertEquals((await trends).get("BTC-USD")?.bars.length, 101);
});
