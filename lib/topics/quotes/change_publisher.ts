/**
 * Publishes what changed, and nothing else: after each answer, and when a quote or a status changes by itself.
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { Quote, type Snapshot, type Status } from "./quote.ts";

/** The values to publish. */
export interface SnapshotSource {
  /** Returns all values as they are now. */
  snapshot(): Snapshot;
  /** Returns the time until a value changes by itself, in ms: the first change since `agoMs` ago. */
  changesInMs(agoMs: number): number;
}

/** The topic as a publisher sees it. */
export interface QuoteSink {
  /** Returns the published data by key, serialised. */
  published(): Promise<ReadonlyMap<string, string>>;
  /** Publishes events together: all or none. */
  publish(events: readonly EventInput[]): Promise<void>;
  /**
   * True if an unchanged quote is published again whenever its source repeats it: isolates that do not poll judge by
   * `received_at` whether it is fresh.
   */
  readonly republishUnchanged: boolean;
}

function quoteEvent(quote: Quote): EventInput & { readonly key: string } {
  const { symbol } = quote;
  return { type: "quote", data: quote, key: symbol, tags: [symbol] };
}

function statusEvent(status: Status): EventInput & { readonly key: string } {
  const { provider, symbols } = status;
  return { type: "status", data: status, key: `status:${provider}`, tags: symbols };
}

/** Publishes the changes of a source. */
export class ChangePublisher {
  readonly #runtime: Pick<Runtime, "clock" | "log">;
  readonly #source: SnapshotSource;
  readonly #sink: QuoteSink;
  #publishing = Promise.resolve();
  /** Monotonic time of the last snapshot. A change since then is not passed over, however long its publication takes. */
  #snapshotElapsed: number;
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
    this.#snapshotElapsed = runtime.clock.elapsed();
  }

  /** Publishes from now on also when a value changes by itself. */
  start(): void {
    this.#isRunning = true;
    this.#schedule();
  }

  /** Stops publishing by itself. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelTimer();
  }

  /**
   * Publishes, in one batch, the values that differ from the published ones. Calls run one after another. It never
   * rejects: a failure is logged, and the next call publishes the same changes.
   */
  publish(): Promise<void> {
    this.#publishing = this.#publishing.then(async () => {
      try {
        await this.#publishChanges();
      } catch (thrown) {
        this.#runtime.log.warn("Publishing quotes failed", { reason: messageOf(thrown) });
      }
      this.#schedule();
    });
    return this.#publishing;
  }

  async #publishChanges(): Promise<void> {
    const published = await this.#sink.published();
    this.#snapshotElapsed = this.#runtime.clock.elapsed();
    const { quotes, status } = this.#source.snapshot();
    const changes = [
      ...quotes.flatMap((quote) => this.#changeOf(quote, published.get(quote.symbol)) ?? [])
        .map(quoteEvent),
      ...status.map(statusEvent)
        .filter(({ key, data }) => published.get(key) !== JSON.stringify(data)),
    ];
    if (changes.length > 0) await this.#sink.publish(changes);
  }

  /** Returns the quote to publish, null if it is no change. */
  #changeOf(quote: Quote, json: string | undefined): Quote | null {
    if (json === undefined) return quote;
    const before = Quote.parse(JSON.parse(json));
    const { received_at } = before;
    const isBehind = quote.received_at < received_at;
    // An isolate that led in between may have received more, unless its wall clock was ahead: `received_at` never moves
    // backwards, but a time that is yet to come must not hold quotes back until then.
    if (isBehind && received_at <= isoTime(this.#runtime.clock.now())) return null;
    const next = isBehind ? { ...quote, received_at } : quote;
    return this.#comparable(next) === this.#comparable(before) ? null : next;
  }

  /** Serialises the fields that make a change, in the schema's order. */
  #comparable(quote: Quote): string {
    const isCounted = this.#sink.republishUnchanged && quote.session !== "closed";
    const received_at = isCounted ? quote.received_at : null;
    return JSON.stringify({ ...Quote.parse(quote), received_at });
  }

  #schedule(): void {
    this.#cancelTimer();
    if (!this.#isRunning) return;
    const { clock } = this.#runtime;
    const inMs = this.#source.changesInMs(clock.elapsed() - this.#snapshotElapsed);
    if (!Number.isFinite(inMs)) return;
    this.#cancelTimer = clock.after(Math.max(0, inMs), () => void this.publish());
  }
}
