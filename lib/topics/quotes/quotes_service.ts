/**
 * The quotes of an isolate. While the topic has a subscriber on any isolate, one elected isolate polls the providers.
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { ORIGIN, type Position } from "../../core/position.ts";
import { Problem } from "../../core/problem.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { SharedState } from "../../store/backend.ts";
import { isoTime } from "../../core/time.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import { createUpstream } from "../../upstream/upstream.ts";
import { KEEP_WARM_POLLS, withTimeout } from "../keep_warm.ts";
import { createLeaderElection, type LeaderElection } from "../leader_election.ts";
import type { QuoteSink } from "./change_publisher.ts";
import type { BarSeries } from "./history/bar.ts";
import { BarRecorder } from "./history/bar_recorder.ts";
import { QuoteHistories, type QuoteHistory } from "./history/quote_history.ts";
import type { HistoryRange } from "./history/range.ts";
import { describeInstrument, instrumentOf, type Instruments } from "./instrument.ts";
import { createMarketHours } from "./market_hours.ts";
import { Poller } from "./poller.ts";
import { type ProviderConfig, providersFor } from "./providers/registry.ts";
import { type Quote, QuotesSnapshot, type WireInstrument } from "./quote.ts";
import { createQuotesTopic, type SnapshotEvaluator } from "./topic.ts";

/** The interval factor while the store is unavailable, because every isolate then polls separately. */
const DEGRADED_INTERVAL_FACTOR = 4;

/** The longest recommended delay of a client's next poll, in ms. */
const MAX_POLL_DELAY_MS = 60_000;

/** Serves quotes. */
export interface QuotesService {
  readonly topic: Topic;
  readonly instruments: Instruments;
  /** The instruments as clients receive them, in order. */
  readonly listing: readonly WireInstrument[];
  /** The recommended delay of a client's next poll, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Keeps polls running for some intervals, and waits briefly for quotes within their TTL. Never rejects. */
  watch(): Promise<void>;
  /**
   * Returns the quotes of these symbols, or of all, evaluated now.
   *
   * @returns The snapshot, and the cursor from which a stream may continue: null if the log has no position yet.
   */
  snapshot(
    symbols?: readonly string[] | null,
  ): Promise<QuotesSnapshot & { readonly cursor: Position | null }>;
  /** Returns the history of a symbol, up to its latest quote. Without any known price it has no bars. */
  history(symbol: string, range: HistoryRange): Promise<QuoteHistory>;
  /** Returns the course of the day of each quote that has one. It waits briefly for providers. Never rejects. */
  trends(quotes: readonly Quote[]): Promise<ReadonlyMap<string, BarSeries>>;
  /** Stops polling. Resolves once the lease of this isolate, if any, is released. */
  resign(): Promise<void>;
}

/** The dependencies of a leader's sink. */
interface LeaderSinkOptions extends Pick<QuoteSink, "republishUnchanged"> {
  readonly hub: Hub;
  readonly topic: Topic;
  readonly election: LeaderElection;
}

/** Publishes as the leader. While the log is unavailable, it overlays the values for the subscribers of this isolate. */
class LeaderSink implements QuoteSink {
  readonly republishUnchanged: boolean;
  readonly #hub: Hub;
  readonly #topic: Topic;
  readonly #election: LeaderElection;

  constructor({ hub, topic, election, republishUnchanged }: LeaderSinkOptions) {
    this.republishUnchanged = republishUnchanged;
    this.#hub = hub;
    this.#topic = topic;
    this.#election = election;
  }

  /**
   * Returns the logged values, and while the isolate is degraded also the overlay. Overlay values have no id and exist in
   * this isolate only, so the leader publishes them to the log on recovery. The result is empty while the isolate is idle.
   */
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

/**
 * Returns the evaluator of the symbols without a provider. Their logged quotes are stale, and a status states the reason.
 */
export function unservedSymbols(
  { clock }: Pick<Runtime, "clock">,
  config: ProviderConfig,
  instruments: Instruments,
): SnapshotEvaluator {
  const since = isoTime(clock.now());
  const served = new Set(providersFor(config, instruments).flatMap(({ symbols }) => symbols));
  const symbols = [...instruments.keys()].filter((symbol) => !served.has(symbol));
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

/** Creates the quotes service of an isolate. Nothing runs before the topic has a subscriber. */
export function createQuotesService(
  runtime: Runtime,
  config: ProviderConfig,
  instruments: Instruments,
  hub: Hub,
  shared: Pick<SharedState, "lease" | "health" | "store">,
): QuotesService {
  const election = createLeaderElection(runtime, shared.lease("quotes"), shared.health);
  const { store, health } = shared;
  const isSimulated = config.DEMO;
  const providers = providersFor(config, instruments).map((provider) => ({
    provider,
    upstream: createUpstream(runtime, provider),
  }));
  const attributions = new Map(
    providers.map(({ provider }) => [provider.name, provider.attribution]),
  );
  const topic = createQuotesTopic({ instruments, attributions, isSimulated }, () => evaluators);
  const sink = new LeaderSink({
    hub,
    topic,
    election,
    // Without Redis there is one isolate, which knows the freshness of its readings.
    republishUnchanged: shared.health.kind === "redis",
  });
  for (const { provider: { name, notice } } of config.DEMO ? [] : providers) {
    if (notice !== undefined) runtime.log.warn(notice, { provider: name });
  }
  const spanAt = createMarketHours();
  const symbolSpanAt = (symbol: string, ms: number) =>
    spanAt(instrumentOf(instruments, symbol).hours, ms);
  const recorder = new BarRecorder({
    runtime,
    store,
    symbols: [...instruments.keys()],
    providers: providers.map(({ provider }) => provider),
    spanAt: symbolSpanAt,
  });
  const histories = new QuoteHistories({
    runtime,
    store,
    providers,
    // A single isolate has its own cache, and the memory of its store is for values that must not be lost.
    isShared: health.kind === "redis",
    spanAt: symbolSpanAt,
    isSimulated,
  });
  const poller = new Poller({
    runtime,
    instruments,
    spanAt,
    providers,
    sink,
    recorder,
    isSimulated,
    maxDivergencePct: config.QUORUM_BOUND_PCT,
  });
  const evaluators = [unservedSymbols(runtime, config, instruments), poller];
  let stopPolling = () => {};
  /** Settles once polling has started after the last change of the role. */
  let pollingStarted = Promise.resolve();
  /** Settles once the bars of this isolate are written. */
  let recorded = Promise.resolve();

  election.onRole((role) => {
    stopPolling();
    const isPolling = role === "leader" || role === "degraded";
    if (!isPolling) return;
    const factor = role === "degraded" ? DEGRADED_INTERVAL_FACTOR : 1;
    // Changes are measured from recorded prices, so these are loaded before the first poll.
    const loaded = withTimeout(runtime.clock, recorder.start(role === "leader"));
    let isStopped = false;
    let stop = () => {};
    pollingStarted = loaded.then(() => {
      if (!isStopped) stop = poller.start(factor);
    });
    stopPolling = () => {
      isStopped = true;
      stop();
      recorded = recorder.stop();
      stopPolling = () => {};
    };
  });
  hub.whileSubscribed(topic, election.start);
  hub.onPublished(topic, election.postponeClaim);

  /** Refreshes quotes that are past their TTL if this isolate leads. Other isolates receive them from the leader. */
  async function refresh(): Promise<void> {
    await election.waitForRole();
    await pollingStarted;
    if (election.role !== "leader") return;
    await poller.refresh();
  }

  async function snapshot(symbols: readonly string[] | null = null) {
    const { events, cursor } = await hub.latest({ topic, tags: symbols });
    const [{ json }] = topic.open(events, symbols === null ? null : new Set(symbols));
    const { quotes, status } = QuotesSnapshot.parse(JSON.parse(json));
    return { quotes, status, cursor };
  }

  return {
    topic,
    instruments,
    listing: [...instruments.values()].map((instrument) =>
      describeInstrument(instrument, providers.map(({ provider }) => provider), isSimulated)
    ),
    // Without a provider nothing changes, so any delay will do.
    nextPollDelayS: Math.ceil(Math.min(poller.shortestIntervalMs, MAX_POLL_DELAY_MS) / 1000),
    async watch() {
      hub.keepOpen(topic, KEEP_WARM_POLLS * poller.longestIntervalMs);
      await withTimeout(runtime.clock, refresh());
    },
    snapshot,
    async history(symbol, range) {
      const { quotes: [quote] } = await snapshot([symbol]);
      return await histories.read(symbol, range, quote);
    },
    trends: (quotes) => histories.trends(quotes),
    async resign() {
      await election.resign();
      await recorded;
    },
  };
}
