/**
 * A poller on a bench: providers whose answers a test sets, a clock it moves, and all that was published.
 *
 * @module
 */
import type { EventInput } from "../../../lib/core/event.ts";
import type { ConnectedProvider } from "../../../lib/topics/quotes/provider_client.ts";
import { createHours } from "../../../lib/topics/quotes/market_hours.ts";
import { createPoller, type Poller } from "../../../lib/topics/quotes/poller.ts";
import { ROUND_THE_CLOCK } from "../../../lib/topics/quotes/providers/provider.ts";
import { Quote, Status } from "../../../lib/topics/quotes/quote.ts";
import type { Health } from "../../../lib/upstream/upstream.ts";
import { createManualClock, type ManualClock } from "../../support/manual_clock.ts";

export const INTERVAL_MS = 5000;
/** The second provider is slower. */
export const SECOND_INTERVAL_MS = 20_000;
export const TTL_MS = 4000;
const HEALTHY: Health = { breaker: "closed", nextTryAt: null, failure: null };

/** A provider whose answers a test sets. */
export interface FakeProvider {
  /** By symbol. What is no text is thrown, what is missing never comes. */
  answers: Record<string, string | Error>;
  health: Health;
  /** The market's time it tells, null where it tells none. */
  asOf: string | null;
  /** The times at which it was asked for BTC-USD. */
  readonly askedAt: number[];
  readonly connected: ConnectedProvider;
}

export interface Bench {
  readonly clock: ManualClock;
  readonly poller: Poller;
  readonly first: FakeProvider;
  readonly second: FakeProvider;
  /** One array a publication. */
  readonly batches: (readonly EventInput[])[];
  readonly logged: string[];
  /** What the poller publishes through: may be replaced. */
  publish: (publications: readonly EventInput[]) => Promise<void>;
  /** Jitter: 0.5 is none. */
  random: number;
}

function fakeProvider(name: string, intervalMs: number, clock: ManualClock): FakeProvider {
  const fake: FakeProvider = {
    answers: {},
    health: HEALTHY,
    asOf: null,
    askedAt: [],
    connected: {
      provider: {
        name,
        title: name.toUpperCase(),
        attribution: name,
        symbols: ["BTC-USD", "ETH-USD"],
        intervalMs,
        ttlMs: TTL_MS,
        read(_upstream, symbol) {
          if (symbol === "BTC-USD") fake.askedAt.push(clock.now());
          const price = fake.answers[symbol];
          if (price === undefined) return new Promise(() => {});
          if (price instanceof Error) return Promise.reject(price);
          const received_at = new Date(clock.now()).toISOString();
          const change = { change: null, change_pct: null, basis: "none" } as const;
          const as_of = fake.asOf;
          return Promise.resolve({
            symbol,
            price,
            as_of,
            received_at,
            ...change,
            ...ROUND_THE_CLOCK,
          });
        },
      },
      upstream: { get: () => Promise.reject(new Error("unused")), health: () => fake.health },
    },
  };
  return fake;
}

/** Two providers in order. The first one has a price of 100 and 10. */
export function createBench(): Bench {
  const clock = createManualClock();
  const first = fakeProvider("first", INTERVAL_MS, clock);
  const second = fakeProvider("second", SECOND_INTERVAL_MS, clock);
  first.answers = { "BTC-USD": "100.00", "ETH-USD": "10.00" };
  const batches: (readonly EventInput[])[] = [];
  const held = new Map<string, string>();
  const logged: string[] = [];
  const write = (message: string) => void logged.push(message);
  const bench: Bench = {
    clock,
    first,
    second,
    batches,
    logged,
    random: 0.5,
    publish(publications) {
      batches.push(publications);
      return Promise.resolve();
    },
    poller: createPoller({
      runtime: {
        clock,
        random: () => bench.random,
        log: { debug: write, info: write, warn: write, error: write },
      },
      providers: [first.connected, second.connected],
      outlet: {
        held: () => Promise.resolve(held),
        async publish(publications) {
          await bench.publish(publications);
          for (const { key = "", data } of publications) held.set(key, JSON.stringify(data));
        },
        repeats: false,
      },
      simulated: false,
      spanAt: createHours(),
      quorumBoundPct: 1,
    }),
  };
  return bench;
}

/** What a batch says, in short. */
export function inShort(batch: readonly EventInput[] | undefined): string[] {
  return (batch ?? []).map(({ type, data }) => {
    if (type === "status") {
      const { provider, state, reason } = Status.parse(data);
      return `${provider} ${state}${reason === null ? "" : `: ${reason}`}`;
    }
    const { symbol, price, source, is_stale } = Quote.parse(data);
    return `${symbol} ${price} of ${source}${is_stale ? ", stale" : ""}`;
  });
}
