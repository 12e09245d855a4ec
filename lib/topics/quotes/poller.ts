/**
 * Keeps the quotes of all symbols up to date: each provider has its own schedule, and all share the cache, the fail-over
 * and the publisher.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { ChangePublisher, type QuoteSink } from "./change_publisher.ts";
import { Failover, type FailoverOptions } from "./failover.ts";
import { FreshnessRules } from "./freshness.ts";
import type { Instruments } from "./instrument.ts";
import type { MarketHours } from "./market_hours.ts";
import { PollSchedule } from "./poll_schedule.ts";
import type { ConnectedProvider, ProviderClient } from "./provider_client.ts";
import type { Provider } from "./providers/provider.ts";
import { type PriceRecorder, QuoteCache } from "./quote_cache.ts";
import type { ProviderStatus, Quote } from "./quote.ts";
import { type Streamed, TickConflator } from "./tick_conflator.ts";
import { TickStream } from "./tick_stream.ts";
import type { SnapshotEvaluator } from "./topic.ts";

/** The dependencies of a poller. */
export interface PollerOptions extends Pick<FailoverOptions, "providers" | "maxDivergencePct"> {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log" | "connect">;
  readonly instruments: Instruments;
  readonly spanAt: MarketHours;
  readonly sink: QuoteSink;
  readonly recorder: PriceRecorder;
  /** The value of `simulated` in every quote. */
  readonly isSimulated: boolean;
}

/** The time after which symbols that have arrived are published although other calls are under way, in ms. */
const MAX_ARRIVAL_WAIT_MS = 500;

/** The waits after which a poll counts as done although calls are under way: together longer than a GET waits for it. */
const ARRIVAL_WAITS = 2;

/** Lists the providers that are the first choice for at least one symbol. */
function mostPreferredOf(providers: readonly Provider[]): Provider[] {
  const claimed = new Set<string>();
  return providers.filter(({ symbols }) => {
    const isPreferred = symbols.some((symbol) => !claimed.has(symbol));
    for (const symbol of symbols) claimed.add(symbol);
    return isPreferred;
  });
}

/** Polls the providers. */
export class Poller implements SnapshotEvaluator {
  /** The shortest interval of a provider that is the first choice for a symbol, in ms: Infinity without a provider. */
  readonly shortestIntervalMs: number;
  /** The longest such interval, in ms: 0 without a provider. */
  readonly longestIntervalMs: number;
  readonly #runtime: PollerOptions["runtime"];
  readonly #createdAt: string;
  readonly #preferred: readonly Provider[];
  readonly #freshness: FreshnessRules;
  readonly #cache: QuoteCache;
  readonly #failover: Failover;
  readonly #publisher: ChangePublisher;
  readonly #schedules: ReadonlyMap<string, PollSchedule>;
  /** The streams, by the names of their providers. */
  readonly #streams = new Map<string, TickStream>();
  readonly #ticks: TickConflator;
  /** The ends of the waits for calls. */
  readonly #waits = new Set<() => void>();
  #isRunning = false;
  #isStreaming = false;

  constructor(options: PollerOptions) {
    const { runtime, instruments, spanAt, isSimulated } = options;
    const providers = options.providers.map(({ provider }) => provider);
    this.#runtime = runtime;
    this.#createdAt = isoTime(runtime.clock.now());
    this.#preferred = mostPreferredOf(providers);
    const intervalsMs = this.#preferred.map(({ intervalMs }) => intervalMs);
    this.shortestIntervalMs = Math.min(...intervalsMs);
    this.longestIntervalMs = Math.max(0, ...intervalsMs);
    const freshness = new FreshnessRules(runtime.clock, instruments, spanAt);
    this.#freshness = freshness;
    this.#cache = new QuoteCache({
      clock: runtime.clock,
      instruments,
      freshness,
      providers,
      recorder: options.recorder,
      isSimulated,
    });
    this.#failover = new Failover({
      ...options,
      providers: options.providers.map((connected) => this.#attachStream(connected)),
      freshness,
      cache: this.#cache,
    });
    this.#publisher = new ChangePublisher(runtime, this.#failover, options.sink);
    this.#ticks = new TickConflator(runtime, (ticks) => this.#publishTicks(ticks));
    this.#schedules = new Map(
      this.#failover.clients.map((client) => [client.provider.name, this.#createSchedule(client)]),
    );
  }

  /**
   * Starts polling. The caller stops the poller before it starts it again.
   *
   * @param intervalFactor Multiplies all intervals. If it is above 1, every isolate polls, and none opens a stream.
   * @returns A function that stops polling. A second call has no effect while the poller is stopped.
   */
  start(intervalFactor = 1): () => void {
    this.#freshness.intervalFactor = intervalFactor;
    this.#isRunning = true;
    this.#isStreaming = intervalFactor === 1;
    this.#publisher.start();
    for (const schedule of this.#schedules.values()) schedule.start(intervalFactor);
    return () => {
      this.#isRunning = false;
      this.#isStreaming = false;
      for (const schedule of this.#schedules.values()) schedule.stop();
      for (const endWait of this.#waits) endWait();
      for (const stream of this.#streams.values()) stream.stop();
      this.#ticks.clear();
      this.#publisher.stop();
    };
  }

  /** Polls the providers whose TTL has passed since their last poll, and joins polls under way. Never rejects. */
  async refresh(): Promise<void> {
    const schedules = [...this.#schedules.values()];
    await Promise.all(schedules.map((schedule) => schedule.refresh()));
  }

  evaluateQuote(quote: Quote): Quote {
    return this.#cache.evaluate(quote);
  }

  evaluateStatus(status: ProviderStatus): ProviderStatus {
    // Without polling, the published status is the newest one.
    const statuses = this.#isRunning ? this.#failover.statuses() : [];
    return statuses.find(({ provider }) => provider === status.provider) ?? status;
  }

  pendingStatuses(): ProviderStatus[] {
    const calledNames = this.#failover.statuses().map(({ provider }) => provider);
    return this.#preferred.filter(({ name }) => !calledNames.includes(name))
      .map(({ name, symbols, title }) => ({
        provider: name,
        symbols: [...symbols],
        state: "stale",
        since: this.#createdAt,
        reason: `Waiting for the first answer from ${title}`,
        breaker: "closed",
        next_try_at: null,
      }));
  }

  #createSchedule(client: ProviderClient): PollSchedule {
    const { provider } = client;
    return new PollSchedule(this.#runtime, {
      provider,
      poll: (nextPollMs) => this.#poll(client, nextPollMs),
      isClosed: () => this.#cache.isClosed(provider.symbols),
      msUntilChange: () => this.#cache.msUntilChange(0, provider.symbols),
    });
  }

  /** Connects the polls of a provider with its stream, if it has one. */
  #attachStream(connected: ConnectedProvider): ConnectedProvider {
    const { provider: { name, title, stream } } = connected;
    if (stream === undefined) return connected;
    const ticks = new TickStream(this.#runtime, { title }, stream, {
      onTick: (reading) => this.#ticks.add({ provider: name, reading }),
      onDown: () => void this.#schedules.get(name)?.pollNow(),
    });
    this.#streams.set(name, ticks);
    return ticks.attachTo(connected);
  }

  /** Follows the symbols that a provider serves, while one of their markets is open. */
  #followStream(client: ProviderClient): void {
    const stream = this.#streams.get(client.provider.name);
    if (stream === undefined) return;
    const served = this.#isStreaming ? this.#failover.servedBy(client) : [];
    stream.follow(this.#cache.isClosed(served) ? [] : served);
  }

  async #publishTicks(ticks: readonly Streamed[]): Promise<void> {
    for (const client of this.#failover.clients) {
      for (const { provider, reading } of ticks) {
        if (provider === client.provider.name) this.#failover.receive(client, reading);
      }
    }
    await this.#publisher.publish();
  }

  async #poll(client: ProviderClient, nextPollMs: number): Promise<void> {
    this.#followStream(client);
    // Values that went stale while nothing was polled are published as stale first, before the poll refreshes them.
    await this.#publisher.publish();
    void this.#publishArrivals(this.#failover.check(client)).catch((thrown) =>
      this.#runtime.log.error("Checking a standby failed", { reason: messageOf(thrown) })
    );
    await this.#publishArrivals(this.#failover.serve(client, nextPollMs));
  }

  /** Waits for the end of calls, at most {@linkcode MAX_ARRIVAL_WAIT_MS}, and not while the poller is stopped. */
  async #waitFor(end: Promise<void>): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const cancelTimer = this.#runtime.clock.after(MAX_ARRIVAL_WAIT_MS, timeout.resolve);
    const endWait = () => {
      cancelTimer();
      this.#waits.delete(endWait);
      timeout.resolve();
    };
    this.#waits.add(endWait);
    try {
      await Promise.race([end, timeout.promise]);
    } finally {
      endWait();
    }
  }

  /**
   * Publishes what calls deliver: together if all end soon, else repeatedly until they do. A symbol whose call hangs holds up
   * neither the others nor the next poll, so the promise resolves after some waits.
   */
  async #publishArrivals(calls: Promise<void> | null, waits = ARRIVAL_WAITS): Promise<void> {
    if (calls === null) return;
    let isOver = false;
    const end = calls.finally(() => isOver = true);
    await (this.#isRunning ? this.#waitFor(end) : end);
    const wasOver = isOver;
    await this.#publisher.publish();
    if (wasOver) return;
    if (waits > 1) return await this.#publishArrivals(end, waits - 1);
    void this.#publishArrivals(end).catch((thrown) =>
      this.#runtime.log.error("A poll failed", { reason: messageOf(thrown) })
    );
  }
}
