/**
 * Publishes only the ticks, days and statuses that have changed: on request, and when time changes one (a quote goes
 * stale, or a market opens or closes).
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import {
  type Day,
  parsePublished,
  type ProviderStatus,
  type QuotesSnapshot,
  Tick,
} from "./quote.ts";
import { toDay, toTick } from "./quote_parts.ts";

/** The shortest delay after a failed publication, so that an unavailable sink is not called in a tight loop. */
const MIN_PUBLISH_RETRY_MS = 1000;

/** The shortest time between two publications of the days, since figures such as the volume change with every trade. */
const MIN_DAYS_INTERVAL_MS = 60_000;

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

/** An event of a key, whose older value it replaces. */
type KeyedEvent = EventInput & { readonly key: string };

function tickEvent(tick: Tick): KeyedEvent {
  const { symbol } = tick;
  return { type: "quote", data: tick, key: symbol, tags: [symbol] };
}

function dayEvent(day: Day): KeyedEvent {
  const { symbol } = day;
  return { type: "day", data: day, key: `day:${symbol}`, tags: [symbol] };
}

function statusEvent(status: ProviderStatus): KeyedEvent {
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
  /** Monotonic time of the last publication of days. */
  #daysPublishedAt = -Infinity;
  /** True if the next publication of days has changes. */
  #hasPendingDays = false;
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
    const now = this.#snapshotAt = this.#runtime.clock.elapsed();
    const { quotes, status } = this.#source.snapshot();
    const isChanged = ({ key, data }: KeyedEvent) => published.get(key) !== JSON.stringify(data);
    const current = quotes.flatMap((quote) => {
      const json = published.get(quote.symbol);
      // A published tick that this version cannot read is replaced.
      const previous = json === undefined ? null : parsePublished(Tick, json);
      const tick = this.#succeed(previous, toTick(quote));
      return tick === null ? [] : [{ previous, tick, day: toDay(quote) }];
    });
    const days = current.map(({ day }) => dayEvent(day)).filter(isChanged);
    const areDaysDue = now >= this.#daysPublishedAt + MIN_DAYS_INTERVAL_MS;
    const dueDays = days.filter(({ key }) => areDaysDue || !published.has(key));
    this.#hasPendingDays = dueDays.length < days.length;
    const changes = [
      ...current.filter(({ previous, tick }) => this.#isChange(previous, tick))
        .map(({ tick }) => tickEvent(tick)),
      ...dueDays,
      ...status.map(statusEvent).filter(isChanged),
    ];
    if (changes.length === 0) return;
    await this.#sink.publish(changes);
    if (dueDays.length > 0) this.#daysPublishedAt = now;
  }

  /** Returns the tick that may follow the published one: null if the published one is later. */
  #succeed(previous: Tick | null, tick: Tick): Tick | null {
    if (previous === null) return tick;
    if (this.#isOlderTrade(previous, tick)) {
      return tick.is_stale === true ? { ...previous, is_stale: true } : null;
    }
    const { received_at } = previous;
    if (tick.received_at >= received_at) return tick;
    // Another leader may have published a later tick meanwhile, and `received_at` never moves backwards. A published time
    // in the future comes from a wall clock that was ahead. It must not hold ticks back until then.
    return received_at <= isoTime(this.#runtime.clock.now()) ? null : { ...tick, received_at };
  }

  /**
   * Tests if a tick is of an older trade than the published one, at the same source. A new leader may read one. A published time
   * in the future is an error.
   */
  #isOlderTrade(previous: Tick, tick: Tick): boolean {
    if (previous.source !== tick.source || !previous.as_of || !tick.as_of) return false;
    const [previousAsOf, asOf] = [
      isoTime(Date.parse(previous.as_of)),
      isoTime(Date.parse(tick.as_of)),
    ];
    return asOf < previousAsOf && previousAsOf <= isoTime(this.#runtime.clock.now());
  }

  /** Tests if a tick says more than that its source repeats the published one, unless repetitions count. */
  #isChange(previous: Tick | null, tick: Tick): boolean {
    if (previous === null) return true;
    const isTimeCompared = this.#sink.republishUnchanged && tick.session !== "closed";
    const received_at = isTimeCompared ? tick.received_at : previous.received_at;
    return JSON.stringify({ ...tick, received_at }) !== JSON.stringify(previous);
  }

  /** Schedules a publication for pending days and the next change that time causes, at least `minDelayMs` from now. */
  #schedule(minDelayMs: number): void {
    this.#cancelTimer();
    if (!this.#isRunning) return;
    const { clock } = this.#runtime;
    const daysDueAt = this.#hasPendingDays
      ? this.#daysPublishedAt + MIN_DAYS_INTERVAL_MS
      : Infinity;
    const delayMs = Math.min(
      this.#source.msUntilChange(clock.elapsed() - this.#snapshotAt),
      daysDueAt - clock.elapsed(),
    );
    if (!Number.isFinite(delayMs)) return;
    this.#cancelTimer = clock.after(Math.max(minDelayMs, delayMs), () => void this.publish());
  }
}
