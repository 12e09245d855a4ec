/**
 * The poller of one class of symbols: asks its providers in turn, keeps what is known, tells what changed.
 *
 * @module
 */
import { messageOf } from "../../core/log.ts";
import type { World } from "../../core/world.ts";
import { UpstreamFailure } from "../../upstream/failure.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { createBook } from "./book.ts";
import { keepPolling } from "./keep_polling.ts";
import { isoTime, type Provider } from "./provider.ts";
import { createProviderState, type ProviderState } from "./provider_state.ts";
import type { Quote, Status } from "./quote.ts";
import { createTeller, type Publish } from "./teller.ts";

/** A provider, and what it is read through. */
export interface ConnectedProvider {
  readonly provider: Provider;
  readonly upstream: Upstream;
}

/** What a poller needs. */
export interface PollerOptions {
  readonly world: Pick<World, "clock" | "random" | "log">;
  /** In order: one is asked for what those before it could not give. The first sets the pace. */
  readonly providers: readonly [ConnectedProvider, ...ConnectedProvider[]];
  readonly publish: Publish;
  /** Whether the quotes are to say that they are simulated. */
  readonly simulated: boolean;
}

/** Says how things are at the time of serving. */
export interface Judge {
  /** A quote, fresh or stale as it is now. */
  judge(quote: Quote): Quote;
  /** How a provider is doing now. */
  judgeStatus(status: Status): Status;
  /** Whom the first answer is waited for. Empty once it came, or failed. */
  awaited(): readonly Status[];
}

/** Keeps quotes coming. It leaves the quotes and statuses of others as they are. */
export interface Poller extends Judge {
  /** Polls from now on: at once where the last poll is a TTL ago. One start at a time. @returns What ends it. */
  start(): () => void;
  /** Resolves once what is known is no older than its TTL, or nobody could tell. It joins a poll that is under way. */
  refresh(): Promise<void>;
  /** When a client does well to ask again, in whole seconds. */
  readonly nextPollDelayS: number;
}

/** Creates a poller that knows nothing and does nothing yet. */
export function createPoller({ world, providers, publish, simulated }: PollerOptions): Poller {
  const { clock, log } = world;
  const { intervalMs, ttlMs } = providers[0].provider;
  const symbols = [...new Set(providers.flatMap(({ provider }) => provider.symbols))];
  const asked = providers.map(({ provider, upstream }) => ({
    provider,
    upstream,
    state: createProviderState(world, provider, upstream),
  }));
  const book = createBook(clock, providers.map(({ provider }) => provider), simulated);
  const tell = createTeller(log, () => ({ quotes: book.quotes(), status: statuses() }), publish);
  const createdAt = clock.now();
  let polledAt = -Infinity;
  let polling: Promise<void> | null = null;

  function statuses(): Status[] {
    return asked.map(({ state }) => state.status()).filter((status) => status !== null);
  }

  function awaited(): Status[] {
    const { name, symbols: given, title } = providers[0].provider;
    if (asked[0]?.state.status()) return [];
    return [{
      provider: name,
      symbols: [...given],
      state: "stale",
      since: isoTime(createdAt),
      reason: `Nothing was heard from ${title} yet`,
      breaker: "closed",
      next_try_at: null,
    }];
  }

  /** While a provider is left alone, what it failed with says more than that it is. */
  function messageFor({ name, title }: Provider, upstream: Upstream, thrown: unknown): string {
    if (thrown instanceof UpstreamFailure) {
      const cause = thrown.kind === "waiting" ? upstream.health().failure : null;
      return (cause ?? thrown).message;
    }
    log.error("A provider could not be read", { provider: name, reason: messageOf(thrown) });
    return `${title} could not be read`;
  }

  /** @returns The symbols it could not give. */
  async function ask(
    { provider, upstream, state }: ConnectedProvider & { readonly state: ProviderState },
    wanted: readonly string[],
  ): Promise<string[]> {
    const results = await Promise.allSettled(
      wanted.map(async (symbol) => await provider.read(upstream, symbol)),
    );
    const readings = results.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const failures = results.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
    for (const reading of readings) book.take(reading, provider);
    state.asked(
      readings.length === 0
        ? null
        : Math.max(...readings.map(({ received_at }) => Date.parse(received_at))),
      failures.length === 0 ? null : messageFor(provider, upstream, failures[0]),
    );
    return wanted.filter((symbol) => !readings.some((reading) => reading.symbol === symbol));
  }

  async function poll(): Promise<void> {
    await tell(); // what went stale while nobody watched, before it is fresh again
    let missing: readonly string[] = symbols;
    let answering = "";
    for (const each of asked) {
      const { symbols: given, title } = each.provider;
      const wanted = missing.filter((symbol) => given.includes(symbol));
      if (wanted.length === 0) {
        each.state.standBy(answering);
        continue;
      }
      const failed = await ask(each, wanted);
      if (failed.length < wanted.length) answering = title;
      missing = missing.filter((symbol) => !wanted.includes(symbol) || failed.includes(symbol));
    }
    await tell();
  }

  function refresh(): Promise<void> {
    if (polling === null && clock.now() - polledAt < ttlMs) return Promise.resolve();
    polling ??= poll()
      .catch((thrown) => log.error("A poll broke off", { reason: messageOf(thrown) }))
      .finally(() => {
        polledAt = clock.now();
        polling = null;
      });
    return polling;
  }

  function nextStaleTime(): number | null {
    const silences = asked.map(({ state }) => state.staleTime()).filter((time) => time !== null);
    const next = Math.min(
      ...[...book.staleTimes(), ...silences].filter((time) => time > clock.now()),
    );
    return Number.isFinite(next) ? next : null;
  }

  return {
    start: () =>
      keepPolling(world, {
        intervalMs,
        ttlMs,
        polledAt: () => polledAt,
        refresh,
        tell,
        nextStaleTime,
      }),
    refresh,
    judge: book.judge,
    judgeStatus: (status) =>
      asked.find(({ provider }) => provider.name === status.provider)?.state.status() ?? status,
    awaited,
    nextPollDelayS: Math.max(1, Math.ceil(intervalMs / 1000)),
  };
}
