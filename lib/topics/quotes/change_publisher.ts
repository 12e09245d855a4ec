/**
 * Publishes only the quotes and statuses that have changed: on request, and when time changes one (a quote goes stale, or
 * a market opens or closes).
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { parsePublished, type ProviderStatus, Quote, type QuotesSnapshot } from "./quote.ts";

/** The shortest delay after a failed publication, so that an unavailable sink is not called in a tight loop. */
const MIN_PUBLISH_RETRY_MS = 1000;

/** A source of the values to publish. */
export interface SnapshotSource {
  /** Returns the current values. */
  snapshot(): QuotesSnapshot;
  /**
   * Returns the time until the next change without a new reading, in ms: Infinity if there is none. A change in the last
   * `lookBackMs` counts, which makes the result zero or negative.
   */
  msUntilChange(lookBackMs: number): number;
}

/** A topic to publish to. */
export interface QuoteSink {
  /** Returns the published data by key, serialised. */
  published(): Promise<ReadonlyMap<string, string>>;
  /** Publishes events together: all or none. */
  publish(events: readonly EventInput[]): Promise<void>;
  /**
   * True if an unchanged quote is published again whenever its source repeats it. Isolates that do not poll derive its
   * freshness from `received_at`.
   */
  readonly republishUnchanged: boolean;
}

function quoteEvent(quote: Quote): EventInput & { readonly key: string } {
  const { symbol } = quote;
  return { type: "quote", data: quote, key: symbol, tags: [symbol] };
}

function statusEvent(status: ProviderStatus): EventInput & { readonly key: string } {
  const { provider, symbols } = status;
  return { type: "status", data: status, key: `status:${provider}`, tags: symbols };
}

/** Publishes the changes of a source. */
export class ChangePublisher {
  readonly #runtime: Pick<Runtime, "clock" | "log">;
  readonly #source: SnapshotSource;
  readonly #sink: QuoteSink;
  #publishing = Promise.resolve();
  /** Monotonic time of the last snapshot. No later change is missed, however long a publication takes. */
  #snapshotAt: number;
  #isRunning = false;
  #cancelTimer = () => {};

  constructor(
    runtime: Pick<Runtime, "clock" | "log">,
    source: SnapshotSource,
    sink: QuoteSink,
  ) {
    this.#runtime = runtime;
    this.#source = source;
    this.#sink = sink;
    this.#snapshotAt = runtime.clock.elapsed();
  }

  /** Also publishes when time changes a value, until {@linkcode stop}. A second start has no effect. */
  start(): void {
    this.#isRunning = true;
    this.#schedule(0);
  }

  /** Stops publishing when time changes a value. A second stop has no effect. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelTimer();
  }

  /**
   * Publishes, in one batch, the values that differ from the published ones. Calls run one after another. The
   * promise never rejects: a failure is logged, and the next call publishes the same changes.
   */
  publish(): Promise<void> {
    this.#publishing = this.#publishing.then(async () => {
      let minDelayMs = 0;
      try {
        await this.#publishChanges();
      } catch (thrown) {
        this.#runtime.log.warn("Publishing quotes failed", { reason: messageOf(thrown) });
        minDelayMs = MIN_PUBLISH_RETRY_MS;
      }
      this.#schedule(minDelayMs);
    });
    return this.#publishing;
  }

  async #publishChanges(): Promise<void> {
    const published = await this.#sink.published();
    this.#snapshotAt = this.#runtime.clock.elapsed();
    const { quotes, status } = this.#source.snapshot();
    const changes = [
      ...quotes.flatMap((quote) => this.#changeOf(quote, published.get(quote.symbol)) ?? [])
        .map(quoteEvent),
      ...status.map(statusEvent)
        .filter(({ key, data }) => published.get(key) !== JSON.stringify(data)),
    ];
    if (changes.length > 0) await this.#sink.publish(changes);
  }

  /**
   * Returns the quote to publish: null if the published one is the same or later. A published quote that this version
   * cannot read is replaced.
   */
  #changeOf(quote: Quote, publishedJson: string | undefined): Quote | null {
    const published = publishedJson === undefined ? null : parsePublished(Quote, publishedJson);
    if (published === null) return quote;
    const { received_at } = published;
    const isBehind = quote.received_at < received_at;
    // Another leader may have published a later quote meanwhile, and `received_at` never moves backwards. A published time
    // in the future comes from a wall clock that was ahead. It must not hold quotes back until then.
    if (isBehind && received_at <= isoTime(this.#runtime.clock.now())) return null;
    const change = isBehind ? { ...quote, received_at } : quote;
    return this.#toComparable(change) === this.#toComparable(published) ? null : change;
  }

  /** Serialises the fields whose difference is a change, in the order of the schema. */
  #toComparable(quote: Quote): string {
    const isTimeCompared = this.#sink.republishUnchanged && quote.session !== "closed";
    const received_at = isTimeCompared ? quote.received_at : null;
    return JSON.stringify({ ...Quote.parse(quote), received_at });
  }

  /** Schedules a publication for the next change that time causes, but not before `minDelayMs` have passed. */
  #schedule(minDelayMs: number): void {
    this.#cancelTimer();
    if (!this.#isRunning) return;
    const { clock } = this.#runtime;
    const delayMs = this.#source.msUntilChange(clock.elapsed() - this.#snapshotAt);
    if (!Number.isFinite(delayMs)) return;
    this.#cancelTimer = clock.after(Math.max(minDelayMs, delayMs), () => void this.publish());
  }
}
