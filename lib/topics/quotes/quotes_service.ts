/**
 * The quotes of an isolate. While the topic has a subscriber on any isolate, one isolate of all polls the providers.
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { ORIGIN, type Position } from "../../core/position.ts";
import { Problem } from "../../core/problem.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import type { Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { SharedState } from "../../store/backend.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import { createUpstream } from "../../upstream/upstream.ts";
import { KEEP_WARM_POLLS, withTimeout } from "../keep_warm.ts";
import { createLeaderElection, type LeaderElection } from "../leader_election.ts";
import type { QuoteSink } from "./change_publisher.ts";
import { SYMBOLS } from "./instruments.ts";
import { createMarketHours } from "./market_hours.ts";
import { Poller } from "./poller.ts";
import type { Provider } from "./providers/provider.ts";
import { type ProviderConfig, providersFor } from "./providers/registry.ts";
import { Snapshot } from "./quote.ts";
import { quotesTopic, type SnapshotEvaluator } from "./topic.ts";

/** The interval factor while the store is unavailable, since every isolate then polls for itself. */
const DEGRADED_INTERVAL_FACTOR = 4;

/** Serves quotes. */
export interface QuotesService {
  readonly topic: Topic;
  /** The recommended delay of a client's next poll, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Keeps polls running for a while, and waits briefly for quotes that are within their TTL. Never rejects. */
  watch(): Promise<void>;
  /**
   * Returns the quotes of these symbols, or of all, evaluated now.
   *
   * @returns Also the cursor from which a stream may continue: null if none is known.
   */
  snapshot(
    symbols?: readonly string[] | null,
  ): Promise<Snapshot & { readonly cursor: Position | null }>;
  /** Stops polling. Resolves once a lease of this isolate is released. */
  resign(): Promise<void>;
}

/** Groups providers that share a symbol, also through a third one. Each group keeps their order. */
export function groupBySymbols(
  providers: readonly Provider[],
): readonly (readonly Provider[])[] {
  let groups: Provider[][] = [];
  for (const provider of providers) {
    const shares = (group: readonly Provider[]) =>
      group.some(({ symbols }) => symbols.some((symbol) => provider.symbols.includes(symbol)));
    const joined = groups.filter(shares).flat();
    groups = [...groups.filter((group) => !shares(group)), [...joined, provider]];
  }
  return groups.map((group) => providers.filter((provider) => group.includes(provider)));
}

/** Creates one poller for each group of providers. Nothing starts yet. */
export function pollersFor(
  runtime: Runtime,
  config: ProviderConfig,
  sink: QuoteSink,
): readonly Poller[] {
  const spanAt = createMarketHours();
  return groupBySymbols(providersFor(config)).map((group) =>
    new Poller({
      runtime,
      spanAt,
      providers: group.map((provider) => ({
        provider,
        upstream: createUpstream(runtime, provider),
      })),
      sink,
      isSimulated: config.DEMO,
      divergenceBoundPct: config.QUORUM_BOUND_PCT,
    })
  );
}

/** Evaluates the symbols without a provider: quotes that the log still holds are stale, and a status says why. */
export function unservedSymbols(
  { clock }: Pick<Runtime, "clock">,
  config: ProviderConfig,
): SnapshotEvaluator {
  const since = isoTime(clock.now());
  const served = new Set(providersFor(config).flatMap(({ symbols }) => symbols));
  const symbols = SYMBOLS.filter((symbol) => !served.has(symbol));
  return {
    evaluateQuote: (quote) => symbols.includes(quote.symbol) ? { ...quote, is_stale: true } : quote,
    evaluateStatus: (status) => status,
    pendingStatuses: () =>
      symbols.length === 0 ? [] : [{
        provider: "none",
        symbols: [...symbols],
        state: "down",
        since,
        reason: "no source configured",
        breaker: "closed",
        next_try_at: null,
      }],
  };
}

/** Publishes as the leader. While the log is unavailable, it overlays the values for this isolate's subscribers. */
class LeaderSink implements QuoteSink {
  readonly republishUnchanged: boolean;
  readonly #hub: Hub;
  readonly #topic: Topic;
  readonly #election: LeaderElection;

  constructor(hub: Hub, topic: Topic, election: LeaderElection, republishUnchanged: boolean) {
    this.republishUnchanged = republishUnchanged;
    this.#hub = hub;
    this.#topic = topic;
    this.#election = election;
  }

  /** Overlay values have no id and exist in this isolate alone: they count as published only while it is degraded. */
  async published(): Promise<ReadonlyMap<string, string>> {
    if (this.#election.role === "idle") return new Map();
    const { events } = await this.#hub.latest({ topic: this.#topic, tags: null });
    const isDegraded = this.#election.role === "degraded";
    return new Map(
      events.filter(({ id }) => isDegraded || id !== ORIGIN).map(({ key, json }) => [key, json]),
    );
  }

  async publish(events: readonly EventInput[]): Promise<void> {
    if (this.#election.role === "degraded") return this.#overlay(events);
    // A follower or an idle isolate does not publish: another isolate leads, or there is no subscriber.
    if (this.#election.role !== "leader") return;
    try {
      const ids = await this.#hub.publish(this.#topic, events, { fence: this.#election.fence });
      // A caller that waits for a poll finds its quotes in the window.
      await this.#hub.received(ids);
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) this.#overlay(events);
      else if (thrown instanceof Problem && thrown.code === "fenced") this.#election.stepDown();
      else throw thrown;
    }
  }

  #overlay(events: readonly EventInput[]): void {
    this.#hub.overlay(this.#topic, events);
  }
}

/** Creates the quotes service of an isolate. Nothing runs before the topic has a subscriber. */
export function createQuotesService(
  runtime: Runtime,
  config: ProviderConfig,
  hub: Hub,
  shared: Pick<SharedState, "lease" | "health">,
): QuotesService {
  const election = createLeaderElection(runtime, shared.lease("quotes"), shared.health);
  const evaluators = [unservedSymbols(runtime, config)];
  const topic = quotesTopic(evaluators);
  const sink = new LeaderSink(hub, topic, election, shared.health.kind === "redis");
  const pollers = pollersFor(runtime, config, sink);
  evaluators.push(...pollers);
  const delaysS = pollers.map((poller) => poller.nextPollDelayS);
  let stopPolling = () => {};

  election.onRole((role) => {
    stopPolling();
    const isPolling = role === "leader" || role === "degraded";
    const factor = role === "degraded" ? DEGRADED_INTERVAL_FACTOR : 1;
    const stops = isPolling ? pollers.map((poller) => poller.start(factor)) : [];
    stopPolling = () => stops.forEach((stop) => stop());
  });
  hub.whileSubscribed(topic, election.start);
  hub.onPublished(topic, election.postponeClaim);

  /** Only the leader fetches quotes past their TTL: the others receive them. */
  async function refresh(): Promise<void> {
    await election.waitForRole();
    if (election.role !== "leader") return;
    await Promise.all(pollers.map((poller) => poller.refresh()));
  }

  return {
    topic,
    nextPollDelayS: Math.min(...delaysS),
    async watch() {
      hub.keepOpen(topic, KEEP_WARM_POLLS * Math.max(...delaysS) * 1000);
      await withTimeout(runtime.clock, refresh());
    },
    async snapshot(symbols = null) {
      const { events, cursor } = await hub.latest({ topic, tags: symbols });
      const opening = topic.open?.(events, symbols && new Set(symbols));
      const { quotes, status } = Snapshot.parse(JSON.parse(opening?.json ?? "{}"));
      return { quotes, status, cursor };
    },
    resign: election.resign,
  };
}
