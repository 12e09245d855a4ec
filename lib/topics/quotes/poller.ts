/**
 * Polls the providers of a group of symbols, at the interval of the preferred ones.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { ChangePublisher, type QuoteSink } from "./change_publisher.ts";
import { Failover, type FailoverOptions } from "./failover.ts";
import { FreshnessRules } from "./freshness.ts";
import type { MarketHours } from "./market_hours.ts";
import type { Provider } from "./providers/provider.ts";
import { QuoteCache } from "./quote_cache.ts";
import type { ProviderStatus, Quote } from "./quote.ts";
import type { SnapshotEvaluator } from "./topic.ts";

/** The share of the interval by which a poll may come early or late, so that isolates do not poll in step. */
const JITTER = 0.2;

/** The dependencies of a poller. */
export interface PollerOptions extends Pick<FailoverOptions, "providers" | "maxDivergencePct"> {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly spanAt: MarketHours;
  readonly sink: QuoteSink;
  /** The value of `simulated` in every quote. */
  readonly isSimulated: boolean;
}

/** Lists the providers that are the first choice for at least one symbol. */
function mostPreferredOf(providers: readonly Provider[]): Provider[] {
  return providers.filter(({ symbols }, index) =>
    symbols.some((symbol) =>
      !providers.slice(0, index).some((earlier) => earlier.symbols.includes(symbol))
    )
  );
}

/** Keeps the quotes of a group of symbols up to date. */
export class Poller implements SnapshotEvaluator {
  /** The recommended delay of a client's next poll, in whole seconds. */
  readonly nextPollDelayS: number;
  readonly #runtime: PollerOptions["runtime"];
  readonly #createdAt: string;
  readonly #preferred: readonly Provider[];
  readonly #intervalMs: number;
  readonly #closedIntervalMs: number;
  readonly #ttlMs: number;
  readonly #freshness: FreshnessRules;
  readonly #cache: QuoteCache;
  readonly #failover: Failover;
  readonly #publisher: ChangePublisher;
  #polling: Promise<void> | null = null;
  /** Monotonic time of the end of the last poll. */
  #polledAt = -Infinity;
  #isRunning = false;
  #cancelPoll = () => {};

  constructor(options: PollerOptions) {
    const { runtime, spanAt, isSimulated } = options;
    const providers = options.providers.map(({ provider }) => provider);
    this.#runtime = runtime;
    this.#createdAt = isoTime(runtime.clock.now());
    this.#preferred = mostPreferredOf(providers);
    const shortest = (ms: (provider: Provider) => number) => Math.min(...this.#preferred.map(ms));
    this.#intervalMs = shortest((provider) => provider.intervalMs);
    this.#closedIntervalMs = shortest((provider) =>
      provider.closedIntervalMs ?? provider.intervalMs
    );
    this.#ttlMs = shortest((provider) => provider.ttlMs);
    this.nextPollDelayS = Math.max(1, Math.ceil(this.#intervalMs / 1000));
    const freshness = new FreshnessRules(runtime.clock, spanAt);
    this.#freshness = freshness;
    this.#cache = new QuoteCache({ clock: runtime.clock, freshness, providers, isSimulated });
    this.#failover = new Failover({ ...options, freshness, cache: this.#cache });
    this.#publisher = new ChangePublisher(runtime, this.#failover, options.sink);
  }

  /**
   * Starts polling: immediately, or once the TTL since the last poll has passed. The caller stops the poller before it
   * starts it again.
   *
   * @param intervalFactor Multiplies all intervals.
   * @returns A function that stops polling. A second call has no effect while the poller is stopped.
   */
  start(intervalFactor = 1): () => void {
    this.#freshness.intervalFactor = intervalFactor;
    this.#isRunning = true;
    this.#publisher.start();
    this.#schedulePoll(0);
    return () => {
      this.#isRunning = false;
      this.#cancelPoll();
      this.#publisher.stop();
    };
  }

  /** Polls if the TTL since the last poll has passed, or joins a poll that is under way. Never rejects. */
  refresh(): Promise<void> {
    if (this.#polling === null && this.#sincePollMs() < this.#ttlMs) return Promise.resolve();
    this.#polling ??= this.#poll()
      .catch((thrown) => this.#runtime.log.error("A poll failed", { reason: messageOf(thrown) }))
      .finally(() => {
        this.#polledAt = this.#runtime.clock.elapsed();
        this.#polling = null;
      });
    return this.#polling;
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

  async #poll(): Promise<void> {
    // Values that went stale while nothing was polled are published as stale first, before the poll refreshes them.
    await this.#publisher.publish();
    for (const check of this.#failover.checkStandbys()) {
      void this.#publishAfter(check).catch((thrown) =>
        this.#runtime.log.error("Checking a standby failed", { reason: messageOf(thrown) })
      );
    }
    const polls = this.#failover.poll(this.#freshness.intervalFactor * this.#intervalMs);
    const results = await Promise.allSettled(polls.map((poll) => this.#publishAfter(poll)));
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #publishAfter(poll: Promise<void>): Promise<void> {
    await poll;
    await this.#publisher.publish();
  }

  #sincePollMs(): number {
    return this.#runtime.clock.elapsed() - this.#polledAt;
  }

  /**
   * Schedules the next poll an interval after the end of the last one. It is not within the TTL, and while all markets are
   * closed it is not after the next opening.
   */
  #schedulePoll(intervalMs: number): void {
    const { clock } = this.#runtime;
    const ttlMs = this.#freshness.intervalFactor * this.#ttlMs;
    const sincePollMs = this.#sincePollMs();
    const opensInMs = this.#isClosed() ? this.#failover.msUntilChange(0) : Infinity;
    const delayMs = Math.max(ttlMs - sincePollMs, Math.min(intervalMs - sincePollMs, opensInMs));
    this.#cancelPoll();
    this.#cancelPoll = clock.after(Math.max(0, delayMs), async () => {
      await this.refresh();
      if (this.#isRunning) this.#schedulePoll(this.#jitteredIntervalMs());
    });
  }

  #jitteredIntervalMs(): number {
    const { intervalFactor } = this.#freshness;
    const intervalMs = this.#isClosed() ? this.#closedIntervalMs : this.#intervalMs;
    return intervalFactor * intervalMs * (1 + JITTER * (2 * this.#runtime.random() - 1));
  }

  #isClosed(): boolean {
    const quotes = this.#cache.quotes();
    return quotes.length > 0 && quotes.every(({ session }) => session === "closed");
  }
}
