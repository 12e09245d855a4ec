/**
 * Fail-over between providers of the same symbols. Each symbol has candidates in order of preference. One of them serves
 * it. The next one takes over when it fails, and a preferred one takes it back once it has recovered.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { SnapshotSource } from "./change_publisher.ts";
import { Divergences } from "./divergence.ts";
import type { FreshnessRules, TrackedReading } from "./freshness.ts";
import { type ConnectedProvider, ProviderClient, type ProviderRole } from "./provider_client.ts";
import type { QuoteCache } from "./quote_cache.ts";
import type { Snapshot, Status } from "./quote.ts";
import { ServingTable } from "./serving_table.ts";

/** Time between two answers of a reference source, in ms: about 30 s, since it is asked with a poll. */
const REFERENCE_INTERVAL_MS = 25_000;

/** The dependencies of a fail-over. */
export interface FailoverOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  /** In order of preference. */
  readonly providers: readonly ConnectedProvider[];
  readonly freshness: FreshnessRules;
  readonly cache: QuoteCache;
  /** The difference of two sources above which a status reports it, in percent. */
  readonly divergenceBoundPct: number;
}

/** Asks the providers of a group of symbols. */
export class Failover implements SnapshotSource {
  readonly #clock: Clock;
  readonly #clients: readonly ProviderClient[];
  readonly #cache: QuoteCache;
  readonly #divergences: Divergences;
  readonly #table: ServingTable;
  /** The clients of which a check is under way. */
  readonly #checked = new Set<ProviderClient>();
  #referencesElapsed: number | null = null;
  #nextPollElapsed = 0;

  constructor({ runtime, providers, freshness, cache, divergenceBoundPct }: FailoverOptions) {
    this.#clock = runtime.clock;
    this.#clients = providers.map((each) => new ProviderClient(runtime, freshness, each));
    this.#cache = cache;
    this.#divergences = new Divergences(divergenceBoundPct);
    this.#table = new ServingTable(providers.map(({ provider }) => provider));
  }

  snapshot(): Snapshot {
    return { quotes: this.#cache.quotes(), status: this.statuses() };
  }

  /** Lists the statuses of the providers that were asked. */
  statuses(): Status[] {
    return this.#clients.map((client) => client.status(this.#roleOf(client)))
      .filter((status) => status !== null);
  }

  changesInMs(agoMs: number): number {
    const sources = [this.#cache, ...this.#clients];
    return Math.min(...sources.map((source) => source.changesInMs(agoMs)));
  }

  /**
   * Asks the serving providers. Where one fails, the next candidates take over.
   *
   * @param nextPollMs The time until the next poll, in ms.
   * @returns One promise for each provider: it settles once the provider's symbols are up to date.
   */
  poll(nextPollMs: number): Promise<void>[] {
    this.#nextPollElapsed = this.#clock.elapsed() + nextPollMs;
    return this.#clients.flatMap((client) => {
      const symbols = this.#servedBy(client);
      return symbols.length > 0 ? [this.#serve(client, symbols)] : [];
    });
  }

  /**
   * Asks the providers that do not serve: preferred ones, so that they take their symbols back, and every 30 s a
   * reference source of each symbol.
   *
   * @returns One promise for each provider. A provider that hangs holds up no other one.
   */
  checkStandbys(): Promise<void>[] {
    const elapsed = this.#clock.elapsed();
    this.#referencesElapsed ??= elapsed;
    const isDue = elapsed - this.#referencesElapsed >= REFERENCE_INTERVAL_MS;
    if (isDue) this.#referencesElapsed = elapsed;
    return this.#clients.filter((client) => !this.#checked.has(client)).flatMap((client) => {
      const symbols = client.provider.symbols.filter((symbol) =>
        !this.#isServing(client, symbol) &&
        (this.#isPreferred(client, symbol) || isDue && this.#referenceOf(symbol) === client)
      );
      return symbols.length > 0 ? [this.#check(client, symbols)] : [];
    });
  }

  #isServing({ provider }: ProviderClient, symbol: string): boolean {
    return this.#table.serving(symbol) === provider.name;
  }

  #isPreferred({ provider }: ProviderClient, symbol: string): boolean {
    return this.#table.preferred(symbol).includes(provider.name);
  }

  #servedBy(client: ProviderClient): string[] {
    return client.provider.symbols.filter((symbol) => this.#isServing(client, symbol));
  }

  /** Returns the reference source of a symbol: the first candidate that does not serve and may be called. */
  #referenceOf(symbol: string): ProviderClient | undefined {
    return this.#clients.find((client) =>
      client.provider.symbols.includes(symbol) && !this.#isServing(client, symbol) &&
      client.breaker !== "open"
    );
  }

  #roleOf(client: ProviderClient): ProviderRole {
    const { symbols } = client.provider;
    const served = this.#servedBy(client);
    const other = served.length > 0
      ? undefined
      : this.#clients.find((each) => symbols.some((symbol) => this.#isServing(each, symbol)));
    const untilPollMs = this.#nextPollElapsed - this.#clock.elapsed();
    return {
      standbyFor: other?.provider.title ?? null,
      remarks: this.#divergences.remarks(served),
      nextPollAt: this.#clock.now() + untilPollMs,
    };
  }

  async #ask(
    client: ProviderClient,
    symbols: readonly string[],
  ): Promise<readonly TrackedReading[]> {
    const readings = await client.ask(symbols);
    client.status(this.#roleOf(client)); // dates a change of state before others are asked
    return readings;
  }

  async #serve(client: ProviderClient, symbols: readonly string[]): Promise<void> {
    const readings = await this.#ask(client, symbols);
    for (const reading of readings) {
      // A preferred provider may have taken it back meanwhile.
      if (this.#isServing(client, reading.symbol)) this.#cache.put(reading, client.provider);
    }
    // One failure is no reason to switch while the circuit breaker is closed and a fresh quote is known.
    const isBroken = client.breaker !== "closed";
    let lost = symbols.filter((symbol) => {
      const hasAnswered = readings.some((each) => each.symbol === symbol);
      return !this.#hasFresh(symbol, client) || isBroken && !hasAnswered;
    });
    for (const other of this.#clients.filter((each) => each !== client)) {
      const wanted = lost.filter((symbol) => other.provider.symbols.includes(symbol));
      if (wanted.length === 0) continue;
      for (const reading of await this.#ask(other, wanted)) {
        const { symbol } = reading;
        if (!this.#isServing(client, symbol) || !this.#switchTo(other, reading)) continue;
        lost = lost.filter((each) => each !== symbol);
      }
    }
  }

  #hasFresh(symbol: string, client: ProviderClient): boolean {
    const reading = this.#cache.readingOf(symbol, client.provider.name);
    return reading !== undefined && client.isFresh(reading);
  }

  /** Makes a provider serve a symbol if its reading is fresh and valid. @returns True if it did. */
  #switchTo(client: ProviderClient, reading: TrackedReading): boolean {
    const { provider } = client;
    if (!client.isFresh(reading) || !this.#cache.put(reading, provider)) return false;
    this.#table.switchTo(reading.symbol, provider.name);
    this.#divergences.forget(reading.symbol);
    return true;
  }

  async #check(client: ProviderClient, symbols: readonly string[]): Promise<void> {
    this.#checked.add(client);
    try {
      const readings = await this.#ask(client, symbols);
      for (const symbol of symbols) {
        const reading = readings.find((each) => each.symbol === symbol);
        if (reading && client.isFresh(reading)) this.#useStandby(client, reading);
        else this.#table.failed(symbol, client.provider.name);
      }
    } finally {
      this.#checked.delete(client);
    }
  }

  #useStandby(client: ProviderClient, reading: TrackedReading): void {
    const { provider } = client;
    const { symbol, receivedElapsed } = reading;
    const serving = this.#clients.find((each) => this.#isServing(each, symbol));
    if (serving === undefined || serving === client) return; // it took over meanwhile
    const current = this.#cache.readingOf(symbol, serving.provider.name);
    if (current !== undefined) {
      const served = { reading: current, provider: serving.provider };
      this.#divergences.compare(served, { reading, provider });
    }
    const isRecovered = this.#isPreferred(client, symbol) &&
      this.#table.answered(symbol, provider.name, receivedElapsed);
    if (isRecovered) this.#switchTo(client, reading);
  }
}
