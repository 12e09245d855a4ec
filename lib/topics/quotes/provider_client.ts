/**
 * The client of one provider. It calls the provider and derives the status of the provider from the outcomes.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { DAY_MS, isoTime } from "../../core/time.ts";
import { UpstreamFailure } from "../../upstream/failure.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Freshness, FreshnessRules } from "./freshness.ts";
import type { Provider, Reading } from "./providers/provider.ts";
import { NO_RESPONSE_REASON, type ProviderStatus } from "./quote.ts";
import { track, type TrackedReading } from "./tracked_reading.ts";

/** A provider and its upstream. */
export interface ConnectedProvider {
  readonly provider: Provider;
  readonly upstream: Upstream;
}

/** The role of a provider among the providers of the same symbols. */
export interface ProviderRole {
  /** The title of the provider that serves instead: null if this provider serves. */
  readonly standbyFor: string | null;
  /** Further remarks on the quotes, for users. */
  readonly remarks: readonly string[];
  /** Wall time of the next poll, in ms. */
  readonly nextPollAt: number;
}

/** A state and the wall time of its beginning, in ms. */
interface DatedState {
  readonly state: ProviderStatus["state"];
  readonly since: number;
}

/** A rounded duration. */
interface Duration {
  readonly amount: number;
  readonly unit: "min" | "d";
}

function toDuration(seconds: number): Duration {
  const days = seconds * 1000 / DAY_MS;
  return days < 1
    ? { amount: Math.round(seconds / 60), unit: "min" }
    : { amount: Math.round(days), unit: "d" };
}

/** Describes the delays of the delayed readings, such as "Prices are delayed by 10 to 15 min". */
export function delayText(
  readings: readonly Pick<TrackedReading, "is_delayed" | "delay_s">[],
): string {
  const delaysS = readings.filter(({ is_delayed }) => is_delayed).map(({ delay_s }) => delay_s)
    .filter((delayS) => delayS !== null);
  if (delaysS.length === 0) return "Prices are delayed";
  const [min, max] = [toDuration(Math.min(...delaysS)), toDuration(Math.max(...delaysS))];
  const end = `${max.amount} ${max.unit}`;
  if (min.unit !== max.unit) return `Prices are delayed by ${min.amount} ${min.unit} to ${end}`;
  return min.amount === max.amount
    ? `Prices are delayed by ${end}`
    : `Prices are delayed by ${min.amount} to ${end}`;
}

/** Formats a day of a closing price. Every market closes on the same date in UTC as in its own time. */
const DAY_FORMAT = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  day: "numeric",
  month: "short",
});

/** The most symbols that a text names. */
const MAX_NAMED_SYMBOLS = 5;

/** Lists symbols, such as "BRENT, WTI and 3 more". */
export function namesOf(symbols: readonly string[]): string {
  const rest = symbols.length - MAX_NAMED_SYMBOLS;
  const named = symbols.slice(0, MAX_NAMED_SYMBOLS).join(", ");
  return rest > 0 ? `${named} and ${rest} more` : named;
}

/** The client of a provider. */
export class ProviderClient {
  readonly provider: Provider;
  readonly #upstream: Upstream;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #freshness: FreshnessRules;
  readonly #readings = new Map<string, TrackedReading>();
  readonly #failures = new Map<string, string>();
  #callsInFlight = 0;
  #state: DatedState | null = null;

  constructor(
    { clock, log }: Pick<Runtime, "clock" | "log">,
    freshness: FreshnessRules,
    { provider, upstream }: ConnectedProvider,
  ) {
    this.provider = provider;
    this.#upstream = upstream;
    this.#clock = clock;
    this.#log = log;
    this.#freshness = freshness;
  }

  /** The state of the upstream's circuit breaker. */
  get breaker(): ProviderStatus["breaker"] {
    return this.#upstream.health().breaker;
  }

  /**
   * Fetches a reading of a symbol, and records the outcome when it arrives. Never rejects.
   *
   * @param use Takes the outcome as soon as it is recorded: null if the call failed.
   */
  async fetchReading(
    symbol: string,
    use: (reading: TrackedReading | null) => void,
  ): Promise<void> {
    let reading: Reading | null = null;
    this.#callsInFlight++;
    try {
      reading = await this.provider.read(this.#upstream, symbol);
    } catch (thrown) {
      this.#failures.set(symbol, this.#describeFailure(thrown));
    }
    this.#callsInFlight--;
    use(reading === null ? null : this.receive(reading));
  }

  /** Takes a reading of a call or a stream. */
  receive(reading: Reading): TrackedReading {
    const { symbol } = reading;
    const tracked = track(reading, this.#readings.get(symbol), this.provider.intervalMs);
    this.#readings.set(symbol, tracked);
    this.#failures.delete(symbol);
    return tracked;
  }

  /** Tests if a reading is not stale. */
  isFresh(reading: TrackedReading): boolean {
    return !this.#freshness.assessReading(reading, this.provider).isStale;
  }

  /** Returns the current status, and dates and logs a change of state. Null before the first outcome of a call. */
  updateStatus(role: ProviderRole): ProviderStatus | null {
    if (this.#readings.size === 0 && this.#failures.size === 0) return null;
    // A first failure does not prove that the provider is down while other calls are in flight.
    const isUnknown = this.#state === null && this.#readings.size === 0 && this.#callsInFlight > 0;
    if (isUnknown) return null;
    const { state, since } = this.#updateState(role);
    const { breaker, nextTryAt } = this.#upstream.health();
    const nextAt = nextTryAt === null ? null : Math.max(nextTryAt, role.nextPollAt);
    return {
      provider: this.provider.name,
      symbols: [...this.provider.symbols],
      state,
      since: isoTime(since),
      reason: this.#reason(state, role),
      breaker,
      next_try_at: nextAt !== null && nextAt > this.#clock.now() ? isoTime(nextAt) : null,
    };
  }

  /**
   * Returns the time until freshness changes the status, in ms: Infinity without a reading. A change in the last
   * `lookBackMs` counts.
   */
  msUntilChange(lookBackMs: number): number {
    return Math.min(
      ...[...this.#readings.values()].map((reading) =>
        this.#freshness.msUntilChange(reading, this.provider, lookBackMs)
      ),
    );
  }

  /**
   * Describes a failure, and logs one that is not the upstream's. While the upstream makes no calls, the last failure of
   * a call says more.
   */
  #describeFailure(thrown: unknown): string {
    const { name, title } = this.provider;
    if (thrown instanceof UpstreamFailure) {
      return (thrown.lastCallFailure ?? thrown).message;
    }
    this.#log.error("Reading a provider failed", { provider: name, reason: messageOf(thrown) });
    return `${title} could not be read`;
  }

  #freshnessOfReadings(): Freshness[] {
    return [...this.#readings.values()].map((reading) =>
      this.#freshness.assessReading(reading, this.provider)
    );
  }

  /** Determines the state. A change is dated and logged, so `since` changes only with the state. */
  #updateState(role: ProviderRole): DatedState {
    const state = this.#currentState(role);
    if (this.#state?.state === state) return this.#state;
    this.#state = { state, since: this.#beginningOf(state) };
    const { name, title } = this.provider;
    const reason = this.#reason(state, role);
    this.#log[state === "down" ? "warn" : "info"](`${title} is ${state}`, {
      provider: name,
      reason,
    });
    return this.#state;
  }

  #currentState({ standbyFor }: ProviderRole): ProviderStatus["state"] {
    // A half-open circuit breaker does not prove that the provider has recovered.
    if (this.#readings.size === 0 || this.breaker !== "closed") return "down";
    const freshness = this.#freshnessOfReadings();
    const areClosed = freshness.every(({ session }) => session === "closed");
    // A single share that is delisted does not make a source stale every night. A closing price is closed at any time.
    const mayBeOld = this.provider.isEndOfDay !== true && freshness.some(({ isStale }) => !isStale);
    if (areClosed && (mayBeOld || freshness.every(({ isStale }) => !isStale))) return "closed";
    const isSilent = freshness.every(({ isStale, session }) => isStale || session === "closed");
    // A provider on standby is rarely called, so its silence is not a fault unless a call failed.
    if (isSilent && (this.#failures.size > 0 || standbyFor === null)) return "stale";
    return [...this.#readings.values()].some(({ is_delayed }) => is_delayed) ? "delayed" : "live";
  }

  /**
   * Dates a new state. Without polls, silence and closing hours may be noticed late. Their beginning follows from the
   * freshness of the readings.
   */
  #beginningOf(state: ProviderStatus["state"]): number {
    const now = this.#clock.now();
    const previous = this.#state;
    const mayBeNoticedLate = state === "stale" || state === "closed";
    if (previous === null || previous.state === "down" || !mayBeNoticedLate) return now;
    const began = Math.max(...this.#freshnessOfReadings().map(({ since }) => since));
    return Math.min(now, Math.max(began, previous.since));
  }

  #reason(state: ProviderStatus["state"], { standbyFor, remarks }: ProviderRole): string | null {
    const isDown = state === "down";
    const description = standbyFor !== null && !isDown
      ? `On standby while ${standbyFor} serves`
      : this.#stateText(state);
    const remarksOnSymbols = [
      ...this.#failureTexts(),
      ...isDown || state === "stale" ? [] : this.#silenceTexts(),
    ];
    const sentences = [...remarksOnSymbols, ...isDown ? [] : remarks, description]
      .filter((sentence) => sentence !== null);
    return sentences.length === 0 ? null : [...new Set(sentences)].join("; ");
  }

  /** Describes the failures, each with the symbols that it concerns, unless it concerns all. */
  #failureTexts(): string[] {
    const symbols = [...this.#failures.keys()];
    const isOfAll = this.#readings.size === 0 ||
      [...this.#readings.keys()].every((symbol) => this.#failures.has(symbol));
    const messages = [...new Set(this.#failures.values())];
    return messages.map((message) =>
      isOfAll && messages.length === 1
        ? message
        : `${
          namesOf(symbols.filter((symbol) => this.#failures.get(symbol) === message))
        }: ${message}`
    );
  }

  /** Describes the silence of single symbols: those without news although the source answers. */
  #silenceTexts(): string[] {
    const silent = [...this.#readings.values()].filter((reading) => {
      const { session, isStale } = this.#freshness.assessReading(reading, this.provider);
      // A closed market is polled rarely.
      const isAnswered = session === "closed" || this.#isRecent(reading);
      return isStale && isAnswered && !this.#failures.has(reading.symbol);
    });
    return silent.length === 0 ? [] : [
      `${namesOf(silent.map(({ symbol }) => symbol))}: no new price for twice the poll interval`,
    ];
  }

  #stateText(state: ProviderStatus["state"]): string | null {
    switch (state) {
      case "down":
      case "stale":
        if (this.#failures.size > 0) return null;
        return this.#upstream.health().failure?.message ?? this.#closesText() ??
          (this.#isResponding() ? "No new price for twice the poll interval" : NO_RESPONSE_REASON);
      case "closed":
        return this.#closesText() ?? "Markets are closed";
      case "delayed":
        return delayText([...this.#readings.values()]);
      case "live":
        return null;
    }
  }

  /** Describes closing prices by their days, such as "Close of 27 Nov": null if the source has others. */
  #closesText(): string | null {
    if (this.provider.isEndOfDay !== true) return null;
    const days = [...this.#readings.values()].map(({ as_of }) => as_of).filter((day) =>
      day !== null
    )
      .toSorted();
    const [first, last] = [days.at(0), days.at(-1)].map((day) =>
      day === undefined ? "" : DAY_FORMAT.format(Date.parse(day))
    );
    return first === last ? `Close of ${first}` : `Closes of ${first} to ${last}`;
  }

  /** Tests if a reading arrived in the last two intervals. */
  #isRecent({ receivedElapsed }: TrackedReading): boolean {
    const maxAgeMs = 2 * this.#freshness.intervalFactor * this.provider.intervalMs;
    return this.#clock.elapsed() - receivedElapsed < maxAgeMs;
  }

  /** Tests if a response arrived in the last two intervals, even one without news. */
  #isResponding(): boolean {
    return [...this.#readings.values()].some((reading) => this.#isRecent(reading));
  }
}
