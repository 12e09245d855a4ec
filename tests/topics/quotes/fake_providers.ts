/**
 * A poller under test, with fake providers whose responses a test sets, a manual clock, and all published events.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { EventInput } from "../../../lib/core/event.ts";
import type { ConnectedProvider } from "../../../lib/topics/quotes/provider_client.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";
import { Poller } from "../../../lib/topics/quotes/poller.ts";
import {
  NO_BASELINE,
  NO_FIGURES,
  type Provider,
  type ProviderStream,
  ROUND_THE_CLOCK,
} from "../../../lib/topics/quotes/providers/provider.ts";
import type { PriceRecorder } from "../../../lib/topics/quotes/quote_cache.ts";
import { Day, ProviderStatus, type Quote, Tick } from "../../../lib/topics/quotes/quote.ts";
import { joinQuote } from "../../../lib/topics/quotes/quote_parts.ts";
import { UpstreamFailure } from "../../../lib/upstream/failure.ts";
import type { UpstreamHealth } from "../../../lib/upstream/upstream.ts";
import { createFakeSockets, type FakeSockets } from "../../upstream/fake_sockets.ts";
import { createManualClock, type ManualClock } from "../../support/manual_clock.ts";

/** The poll interval of the first provider. */
export const INTERVAL_MS = 5000;

/** The poll interval of the second provider, which is slower. */
export const SECOND_INTERVAL_MS = 20_000;

/** The time after which the second provider is called as a reference source: its second poll. */
export const REFERENCE_MS = 2 * SECOND_INTERVAL_MS;

/** The TTL of the responses of both providers. */
export const TTL_MS = 4000;

/** The health of an upstream without failures. */
export const HEALTHY: UpstreamHealth = { breaker: "closed", nextTryAt: null, failure: null };

/** The failure of a call of the first provider. */
export const TIMEOUT = new UpstreamFailure("timeout", "FIRST did not answer within 3 s");

/** The prices of a provider whose calls all fail. */
export const FAILING: Readonly<Record<string, Error>> = {
  "BTC-USD": TIMEOUT,
  "ETH-USD": TIMEOUT,
};

/** The initial prices of the first provider. */
export const FIRST_PRICES: Readonly<Record<string, string>> = {
  "BTC-USD": "100.00",
  "ETH-USD": "10.00",
};

/** A recorder that knows no price. */
export const NO_RECORDER: PriceRecorder = { add() {}, baselineOf: () => null };

/** A provider whose responses a test sets. */
export interface FakeProvider {
  /** Prices by symbol. An error is thrown, and a call for a missing symbol never ends. */
  prices: Record<string, string | Error>;
  health: UpstreamHealth;
  /** The market time of every response, or null. */
  asOf: string | null | (() => string);
  /** The wall times of the calls for BTC-USD. */
  readonly calledAt: number[];
  readonly connected: ConnectedProvider;
}

/** A poller under test. */
export interface PollerUnderTest {
  readonly clock: ManualClock;
  readonly poller: Poller;
  readonly first: FakeProvider;
  readonly second: FakeProvider;
  readonly network: FakeSockets;
  /** The events of each publication. */
  readonly batches: (readonly EventInput[])[];
  readonly logged: string[];
  /** Publishes events. A test may replace it. */
  publish: (events: readonly EventInput[]) => Promise<void>;
  /** The random number of the jitter: 0.5 for no jitter. */
  random: number;
}

function createFakeProvider(
  name: string,
  clock: ManualClock,
  pace: Pick<Provider, "intervalMs" | "closedIntervalMs" | "ttlMs" | "stream">,
): FakeProvider {
  const fake: FakeProvider = {
    prices: {},
    health: HEALTHY,
    asOf: null,
    calledAt: [],
    connected: {
      provider: {
        name,
        title: name.toUpperCase(),
        attribution: name,
        symbols: ["BTC-USD", "ETH-USD"],
        ...pace,
        read(_upstream, symbol) {
          if (symbol === "BTC-USD") fake.calledAt.push(clock.now());
          const price = fake.prices[symbol];
          if (price === undefined) return new Promise(() => {});
          if (price instanceof Error) return Promise.reject(price);
          const received_at = new Date(clock.now()).toISOString();
          const as_of = typeof fake.asOf === "function" ? fake.asOf() : fake.asOf;
          return Promise.resolve({
            symbol,
            price,
            as_of,
            received_at,
            receivedElapsed: clock.elapsed(),
            ...NO_BASELINE,
            ...NO_FIGURES,
            ...ROUND_THE_CLOCK,
          });
        },
      },
      upstream: { get: () => Promise.reject(new Error("unused")), health: () => fake.health },
    },
  };
  return fake;
}

/** Records events as the published values of a sink. */
export function recordPublished(
  published: Map<string, string>,
  events: readonly EventInput[],
): void {
  for (const { key, data } of events) {
    assert(key !== undefined, "an event of the topic has no key");
    published.set(key, JSON.stringify(data));
  }
}

/**
 * Creates a poller of two providers. The first provider has prices of 100 and 10, the second one never responds.
 *
 * @param streams The streams of both, if any.
 */
export function createPollerUnderTest(
  pace: Partial<Pick<Provider, "intervalMs" | "closedIntervalMs" | "ttlMs">> = {},
  streams: { readonly first?: ProviderStream; readonly second?: ProviderStream } = {},
): PollerUnderTest {
  const clock = createManualClock();
  const first = createFakeProvider("first", clock, {
    intervalMs: INTERVAL_MS,
    ttlMs: TTL_MS,
    ...pace,
    ...(streams.first === undefined ? {} : { stream: streams.first }),
  });
  const second = createFakeProvider("second", clock, {
    intervalMs: SECOND_INTERVAL_MS,
    ttlMs: TTL_MS,
    ...(streams.second === undefined ? {} : { stream: streams.second }),
  });
  first.prices = { ...FIRST_PRICES };
  const network = createFakeSockets();
  const batches: (readonly EventInput[])[] = [];
  const published = new Map<string, string>();
  const logged: string[] = [];
  const write = (message: string) => void logged.push(message);
  const test: PollerUnderTest = {
    clock,
    first,
    second,
    network,
    batches,
    logged,
    random: 0.5,
    publish(events) {
      batches.push(events);
      return Promise.resolve();
    },
    poller: new Poller({
      runtime: {
        clock,
        random: () => test.random,
        connect: network.connect,
        log: { debug: write, info: write, warn: write, error: write },
      },
      providers: [first.connected, second.connected],
      sink: {
        published: () => Promise.resolve(published),
        async publish(events) {
          await test.publish(events);
          recordPublished(published, events);
        },
        republishUnchanged: false,
      },
      recorder: NO_RECORDER,
      isSimulated: false,
      instruments: instrumentsFor({}),
      spanAt: createMarketHours(),
      maxDivergencePct: 1,
    }),
  };
  return test;
}

/** Joins the newest published tick of BTC-USD with the newest day. */
export function joinPublished(events: readonly EventInput[]): Quote {
  const newest = (key: string) => events.findLast((event) => event.key === key)?.data;
  const constants = {
    instruments: instrumentsFor({}),
    attributions: new Map(),
    isSimulated: false,
  };
  const quote = joinQuote(
    constants,
    Tick.parse(newest("BTC-USD")),
    Day.parse(newest("day:BTC-USD")),
  );
  assert(quote !== null);
  return quote;
}

/** Summarizes the ticks and statuses of a publication, one line per event. */
export function summarize(batch: readonly EventInput[] | undefined): string[] {
  return (batch ?? []).filter(({ type }) => type !== "day").map(({ type, data }) => {
    if (type === "status") {
      const { provider, state, reason } = ProviderStatus.parse(data);
      return `${provider} ${state}${reason === null ? "" : `: ${reason}`}`;
    }
    const { symbol, price, source, is_stale } = Tick.parse(data);
    return `${symbol} ${price} of ${source}${is_stale ? ", stale" : ""}`;
  });
}
