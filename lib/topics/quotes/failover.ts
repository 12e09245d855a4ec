/**
 * Fail-over between providers of the same symbols. Each symbol has candidates in order of preference. One candidate
 * serves the symbol. When this provider fails, the next candidate takes over. Once a preferred candidate has recovered, it
 * takes the symbol back.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { SnapshotSource } from "./change_publisher.ts";
import { Divergences } from "./divergence.ts";
import type { FreshnessRules } from "./freshness.ts";
import {
  type ConnectedProvider,
  namesOf,
  ProviderClient,
  type ProviderRole,
} from "./provider_client.ts";
import type { Reading } from "./providers/provider.ts";
import type { QuoteCache } from "./quote_cache.ts";
import type { ProviderStatus, QuotesSnapshot } from "./quote.ts";
import { ServingTable } from "./serving_table.ts";
import type { TrackedReading } from "./tracked_reading.ts";

/** The shortest time between two calls of a reference source, in ms. A poll triggers a call, so it comes up to a poll later. */
const REFERENCE_INTERVAL_MS = 25_000;

/** The dependencies of a fail-over. */
export interface FailoverOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  /** In order of preference. */
  readonly providers: readonly ConnectedProvider[];
  readonly freshness: FreshnessRules;
  readonly cache: QuoteCache;
  /** The largest difference of two sources that a status does not report, in percent. */
  readonly maxDivergencePct: number;
}

/** Calls the providers of a group of symbols, and selects the provider that serves each symbol. */
export class Failover implements SnapshotSource {
  /** The clients of all providers, in order of preference. */
  readonly clients: readonly ProviderClient[];
  readonly #clock: Clock;
  readonly #cache: QuoteCache;
  readonly #divergences: Divergences;
  readonly #table: ServingTable;
  /** Monotonic times of the receipts of the last compared readings, by client and symbol. */
  readonly #comparedAt = new Map<string, number>();
  /** The symbols whose call is under way, by client. A call that hangs delays no other symbol. */
  readonly #underWay = new Map<ProviderClient, Set<string>>();
  /** Monotonic times of the last calls of clients as reference sources. The first check sets it without a call. */
  readonly #referencesCalledAt = new Map<ProviderClient, number>();
  /** Monotonic times of the next polls. */
  readonly #nextPollsAt = new Map<ProviderClient, number>();

  constructor({ runtime, providers, freshness, cache, maxDivergencePct }: FailoverOptions) {
    this.#clock = runtime.clock;
    this.clients = providers.map((provider) => new ProviderClient(runtime, freshness, provider));
    for (const client of this.clients) this.#underWay.set(client, new Set());
    this.#cache = cache;
    this.#divergences = new Divergences(maxDivergencePct);
    this.#table = new ServingTable(providers.map(({ provider }) => provider));
  }

  snapshot(): QuotesSnapshot {
    return { quotes: this.#cache.quotes(), status: this.statuses() };
  }

  /** Lists the statuses of the providers that were called. Changes of state are dated and logged. */
  statuses(): ProviderStatus[] {
    return this.clients.map((client) => client.updateStatus(this.#roleOf(client)))
      .filter((status) => status !== null);
  }

  msUntilChange(lookBackMs: number): number {
    const sources = [this.#cache, ...this.clients];
    return Math.min(...sources.map((source) => source.msUntilChange(lookBackMs)));
  }

  /**
   * Calls a provider for the symbols that it serves. The next candidates take over those that fail.
   *
   * @param nextPollMs The time until the next poll of the provider, in ms.
   * @returns Null if it serves no symbol, or its calls are under way.
   */
  serve(client: ProviderClient, nextPollMs: number): Promise<void> | null {
    this.#nextPollsAt.set(client, this.#clock.elapsed() + nextPollMs);
    const symbols = this.servedBy(client).filter((symbol) => !this.#isUnderWay(client, symbol));
    return symbols.length > 0 ? this.#serve(client, symbols) : null;
  }

  /**
   * Calls a provider for symbols that it does not serve: those for which it is preferred, so that it can take them back,
   * and, once {@linkcode REFERENCE_INTERVAL_MS} have passed, those of which it is the reference source.
   *
   * @returns Null if there is no such symbol, or their calls are under way.
   */
  check(client: ProviderClient): Promise<void> | null {
    const elapsed = this.#clock.elapsed();
    const calledAt = this.#referencesCalledAt.get(client) ?? elapsed;
    const isDue = elapsed - calledAt >= REFERENCE_INTERVAL_MS;
    this.#referencesCalledAt.set(client, isDue ? elapsed : calledAt);
    const symbols = client.provider.symbols.filter((symbol) =>
      !this.#isServing(client, symbol) && !this.#isUnderWay(client, symbol) &&
      (this.#isPreferred(client, symbol) || isDue && this.#referenceOf(symbol) === client)
    );
    return symbols.length > 0 ? this.#check(client, symbols) : null;
  }

  /** Takes a reading that a provider has streamed. It enters the cache if the provider serves the symbol. */
  receive(client: ProviderClient, reading: Reading): void {
    const tracked = client.receive(reading);
    if (this.#isServing(client, reading.symbol)) this.#cache.put(tracked, client.provider);
  }

  /** Lists the symbols that a provider serves. */
  servedBy(client: ProviderClient): string[] {
    return client.provider.symbols.filter((symbol) => this.#isServing(client, symbol));
  }

  #isServing({ provider }: ProviderClient, symbol: string): boolean {
    return this.#table.serving(symbol) === provider.name;
  }

  #isPreferred({ provider }: ProviderClient, symbol: string): boolean {
    return this.#table.preferred(symbol).includes(provider.name);
  }

  /** Returns the reference source of a symbol: the first candidate that does not serve and may be called. */
  #referenceOf(symbol: string): ProviderClient | undefined {
    return this.clients.find((client) =>
      client.provider.symbols.includes(symbol) && !this.#isServing(client, symbol) &&
      client.breaker !== "open"
    );
  }

  #roleOf(client: ProviderClient): ProviderRole {
    const { symbols } = client.provider;
    const served = this.servedBy(client);
    const serving = served.length > 0
      ? undefined
      : this.clients.find((candidate) =>
        symbols.some((symbol) =>
          this.#isServing(candidate, symbol) && this.#hasFresh(symbol, candidate)
        )
      );
    const elapsed = this.#clock.elapsed();
    const untilPollMs = (this.#nextPollsAt.get(client) ?? elapsed) - elapsed;
    return {
      standbyFor: serving?.provider.title ?? null,
      remarks: [
        ...served.length > 0 ? this.#takeovers(client) : [],
        ...this.#divergences.remarks(served),
        ...this.#cache.remarks(symbols, client.provider.name),
      ],
      nextPollAt: this.#clock.now() + untilPollMs,
    };
  }

  /** Describes which other providers serve symbols for which this one is preferred. */
  #takeovers(client: ProviderClient): string[] {
    return this.clients.flatMap((other) => {
      const taken = this.servedBy(other).filter((symbol) => this.#isPreferred(client, symbol));
      return taken.length > 0 ? [`${other.provider.title} serves ${namesOf(taken)}`] : [];
    });
  }

  #isUnderWay(client: ProviderClient, symbol: string): boolean {
    return this.#underWay.get(client)?.has(symbol) ?? false;
  }

  /** Fetches a reading of a symbol, and passes it on as soon as it arrives: null if the call failed. */
  async #fetchReading(
    client: ProviderClient,
    symbol: string,
    use: (reading: TrackedReading | null) => void,
  ): Promise<void> {
    const underWay = this.#underWay.get(client);
    underWay?.add(symbol);
    await client.fetchReading(symbol, (reading) => {
      underWay?.delete(symbol);
      use(reading);
      client.updateStatus(this.#roleOf(client)); // dates a change of state before other providers are called
    });
  }

  async #serve(client: ProviderClient, symbols: readonly string[]): Promise<void> {
    const failed: string[] = [];
    await Promise.all(symbols.map(async (symbol) => {
      await this.#fetchReading(client, symbol, (reading) => {
        if (reading === null) failed.push(symbol);
        // A preferred provider may have taken the symbol back meanwhile.
        else if (this.#isServing(client, symbol)) this.#cache.put(reading, client.provider);
      });
      if (!this.#hasFresh(symbol, client)) await this.#callAlternates(client, symbol);
    }));
    // A single failure causes no switch while the circuit breaker is closed and a fresh quote is cached.
    if (client.breaker === "closed") return;
    const unserved = failed.filter((symbol) => this.#isServing(client, symbol));
    await Promise.all(unserved.map((symbol) => this.#callAlternates(client, symbol)));
  }

  /** Calls the other candidates of a symbol one after another, until one takes it over. */
  async #callAlternates(client: ProviderClient, symbol: string): Promise<void> {
    for (const alternate of this.clients) {
      const isCandidate = alternate !== client && alternate.provider.symbols.includes(symbol);
      if (!isCandidate || !this.#isServing(client, symbol)) continue;
      await this.#fetchReading(alternate, symbol, (reading) => {
        if (reading === null || !this.#isServing(client, symbol)) return;
        if (this.#switchTo(alternate, reading) || this.#isCached(symbol)) return;
        this.#cache.put(reading, alternate.provider); // An old price, marked stale, is better than no row.
      });
    }
  }

  #isCached(symbol: string): boolean {
    return this.clients.some(({ provider }) =>
      this.#cache.readingOf(symbol, provider.name) !== undefined
    );
  }

  #hasFresh(symbol: string, client: ProviderClient): boolean {
    const reading = this.#cache.readingOf(symbol, client.provider.name);
    return reading !== undefined && client.isFresh(reading);
  }

  /** Makes a provider serve a symbol if the reading is fresh and valid, and returns true if it is. */
  #switchTo(client: ProviderClient, reading: TrackedReading): boolean {
    const { provider } = client;
    if (!client.isFresh(reading) || !this.#cache.put(reading, provider)) return false;
    this.#table.switchTo(reading.symbol, provider.name);
    this.#divergences.forget(reading.symbol);
    return true;
  }

  async #check(client: ProviderClient, symbols: readonly string[]): Promise<void> {
    await Promise.all(symbols.map((symbol) =>
      this.#fetchReading(client, symbol, (reading) => {
        if (reading !== null && client.isFresh(reading)) this.#useStandby(client, reading);
        else this.#table.recordFailure(symbol, client.provider.name);
      })
    ));
  }

  #useStandby(client: ProviderClient, reading: TrackedReading): void {
    const { provider } = client;
    const { symbol, receivedElapsed } = reading;
    const serving = this.clients.find((candidate) => this.#isServing(candidate, symbol));
    if (serving === undefined || serving === client) return; // the standby took over meanwhile
    const current = this.#cache.readingOf(symbol, serving.provider.name);
    // A price that was compared already is older than the serving one by now.
    const isNew = this.#comparedAt.get(`${provider.name} ${symbol}`) !== receivedElapsed;
    this.#comparedAt.set(`${provider.name} ${symbol}`, receivedElapsed);
    if (current !== undefined && isNew) {
      const served = { reading: current, provider: serving.provider };
      this.#divergences.compare(served, { reading, provider });
    }
    const isRecovered = this.#isPreferred(client, symbol) &&
      this.#table.recordSuccess(symbol, provider.name, receivedElapsed);
    if (isRecovered) this.#switchTo(client, reading);
  }
}
