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
import type { ProviderClient } from "./provider_client.ts";
import type { Provider } from "./providers/provider.ts";
import { type PriceRecorder, QuoteCache } from "./quote_cache.ts";
import type { ProviderStatus, Quote } from "./quote.ts";
import type { SnapshotEvaluator } from "./topic.ts";

/** The dependencies of a poller. */
export interface PollerOptions extends Pick<FailoverOptions, "providers" | "maxDivergencePct"> {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly instruments: Instruments;
  readonly spanAt: MarketHours;
  readonly sink: QuoteSink;
  readonly recorder: PriceRecorder;
  /** The value of `simulated` in every quote. */
  readonly isSimulated: boolean;
}

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
  readonly #schedules: readonly PollSchedule[];
  #isRunning = false;

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
    this.#failover = new Failover({ ...options, freshness, cache: this.#cache });
    this.#publisher = new ChangePublisher(runtime, this.#failover, options.sink);
    this.#schedules = this.#failover.clients.map((client) => this.#createSchedule(client));
  }

  /**
   * Starts polling. The caller stops the poller before it starts it again.
   *
   * @param intervalFactor Multiplies all intervals.
   * @returns A function that stops polling. A second call has no effect while the poller is stopped.
   */
  start(intervalFactor = 1): () => void {
    this.#freshness.intervalFactor = intervalFactor;
    this.#isRunning = true;
    this.#publisher.start();
    for (const schedule of this.#schedules) schedule.start(intervalFactor);
    return () => {
      this.#isRunning = false;
      for (const schedule of this.#schedules) schedule.stop();
      this.#publisher.stop();
    };
  }

  /** Polls the providers whose TTL has passed since their last poll, and joins polls under way. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all(this.#schedules.map((schedule) => schedule.refresh()));
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

  async #poll(client: ProviderClient, nextPollMs: number): Promise<void> {
    // Values that went stale while nothing was polled are published as stale first, before the poll refreshes them.
    await this.#publisher.publish();
    void this.#publishAfter(this.#failover.check(client)).catch((thrown) =>
      this.#runtime.log.error("Checking a standby failed", { reason: messageOf(thrown) })
    );
    await this.#publishAfter(this.#failover.serve(client, nextPollMs));
  }

  async #publishAfter(calls: Promise<void> | null): Promise<void> {
    if (calls === null) return;
    await calls;
    await this.#publisher.publish();
  }
}
