import { assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../lib/core/event.ts";
import { ProviderStatus, Quote, QuotesSnapshot } from "../../../lib/topics/quotes/quote.ts";
import { readConfig } from "../../../lib/core/config.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { unservedSymbols } from "../../../lib/topics/quotes/quotes_service.ts";
import { type QuoteConstants, toDay, toTick } from "../../../lib/topics/quotes/quote_parts.ts";
import { createQuotesTopic } from "../../../lib/topics/quotes/topic.ts";
import { createManualClock } from "../../support/manual_clock.ts";

const INSTRUMENTS = instrumentsFor({});

const CONSTANTS: QuoteConstants = {
  instruments: INSTRUMENTS,
  attributions: new Map([["coinbase", "Coinbase"]]),
  isSimulated: false,
};

const NAMES = new Map([["BTC-USD", "Bitcoin"], ["ETH-USD", "Ethereum"]]);

const quote = (symbol: string): Quote => ({
  symbol,
  name: NAMES.get(symbol) ?? symbol,
  class: "crypto",
  price: "1.10",
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
  received_at: "2026-01-01T00:00:00.000Z",
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "coinbase",
  attribution: "Coinbase",
  simulated: false,
});

const status = (provider: string): ProviderStatus => ({
  provider,
  symbols: ["BTC-USD"],
  state: "live",
  since: "2026-01-01T00:00:00.000Z",
  reason: null,
  breaker: "closed",
  next_try_at: null,
});

function event(type: string, data: object): StreamEvent {
  const json = JSON.stringify(data);
  return { id: "1-1", topic: "quotes", prevId: null, type, key: json, tags: [], json };
}

const tickEvent = (published: Quote) => event("quote", toTick(published));

Deno.test("createQuotesTopic() opens with a snapshot in the order of instruments, evaluated at that time", () => {
  const topic = createQuotesTopic(CONSTANTS, () => [{
    evaluateQuote: (published) => ({ ...published, is_stale: true }),
    evaluateStatus: (published) => ({ ...published, state: "stale" }),
    pendingStatuses: () => [status("coinbase")], // published already
  }]);
  const [{ type, json }] = topic.open([
    event("status", status("kraken")),
    tickEvent(quote("ETH-USD")),
    event("status", status("coinbase")),
    tickEvent(quote("BTC-USD")),
  ], null);
  assertEquals(type, "snapshot");
  const snapshot = QuotesSnapshot.parse(JSON.parse(json));
  assertEquals(snapshot, {
    quotes: [quote("BTC-USD"), quote("ETH-USD")].map((published) => ({
      ...published,
      is_stale: true,
    })),
    status: [status("coinbase"), status("kraken")].map((published) => ({
      ...published,
      state: "stale",
    })),
  });
});

Deno.test("createQuotesTopic() joins a tick with the day and the instrument of its symbol", () => {
  const published = {
    ...quote("BTC-USD"),
    basis: "rolling_24h",
    prev_close: "1.00",
    high: "1.20",
    change: "0.10",
    source: "kraken",
    attribution: "kraken",
  } as const;
  const topic = createQuotesTopic(CONSTANTS, () => []);
  const [{ json }] = topic.open([
    event("day", toDay(published)),
    tickEvent(published),
    event("day", toDay(quote("ETH-USD"))), // without a tick
    tickEvent(quote("SOL-USD")), // of a server with other instruments
  ], null);
  assertEquals(QuotesSnapshot.parse(JSON.parse(json)).quotes, [published]);
});

Deno.test("createQuotesTopic() includes the pending status of a symbol without a quote that passes the filter", () => {
  const topic = createQuotesTopic(CONSTANTS, () => [{
    evaluateQuote: (published) => published,
    evaluateStatus: (published) => published,
    pendingStatuses: () => [status("coinbase")],
  }]);
  for (
    const [tags, expected] of [
      [null, [status("coinbase")]],
      [new Set(status("coinbase").symbols.slice(0, 1)), [status("coinbase")]],
      [new Set(["XAU-USD"]), []],
    ] as const
  ) {
    const [{ json }] = topic.open([], tags);
    assertEquals(QuotesSnapshot.parse(JSON.parse(json)), { quotes: [], status: [...expected] });
  }
});

Deno.test("createQuotesTopic() leaves out a value of a version that lacks a field", () => {
  const topic = createQuotesTopic(CONSTANTS, () => []);
  const { source: _source, ...olderTick } = toTick(quote("BTC-USD"));
  const { breaker: _breaker, ...olderStatus } = status("coinbase");
  const [{ json }] = topic.open([
    event("quote", olderTick),
    tickEvent(quote("ETH-USD")),
    event("status", olderStatus),
    event("status", status("kraken")),
  ], null);
  assertEquals(QuotesSnapshot.parse(JSON.parse(json)), {
    quotes: [quote("ETH-USD")],
    status: [status("kraken")],
  });
});

Deno.test("unservedSymbols() marks logged quotes of symbols without a provider stale", () => {
  const config = readConfig({ UNOFFICIAL_SOURCES: "none" });
  const { evaluateQuote } = unservedSymbols({ clock: createManualClock() }, config, INSTRUMENTS);
  assertEquals(evaluateQuote(quote("WTI")).is_stale, true);
  assertEquals(evaluateQuote(quote("BTC-USD")), quote("BTC-USD"));
});

Deno.test("createQuotesTopic() marks a live provider stale if all its quotes are", () => {
  const topic = createQuotesTopic(CONSTANTS, () => [{
    evaluateQuote: (published) => ({ ...published, is_stale: true }),
    evaluateStatus: (published) => published,
    pendingStatuses: () => [],
  }]);
  const statuses = ["coinbase", "kraken"].map((name) => ({
    ...status(name),
    state: "live" as const,
  }));
  const newest = [
    tickEvent(quote("BTC-USD")),
    ...statuses.map((live) => event("status", live)),
  ];
  const [{ json }] = topic.open(newest, null);
  const states = QuotesSnapshot.parse(JSON.parse(json)).status.map((
    { provider, state },
  ) => [provider, state]);
  assertEquals(states, [[quote("BTC-USD").source, "stale"], ["kraken", "live"]]);
});
