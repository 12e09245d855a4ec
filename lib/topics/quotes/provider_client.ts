/**
 * The client of one provider: it asks the provider, and derives the provider's status from the outcomes.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { UpstreamFailure } from "../../upstream/failure.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { type Freshness, type FreshnessRules, track, type TrackedReading } from "./freshness.ts";
import type { Provider } from "./providers/provider.ts";
import { NO_ANSWER, type Status } from "./quote.ts";

/** A provider and the upstream that it is read through. */
export interface ConnectedProvider {
  readonly provider: Provider;
  readonly upstream: Upstream;
}

/** The part of a provider among those that share its symbols. */
export interface ProviderRole {
  /** The title of the provider that serves in its place: null if it serves itself. */
  readonly standbyFor: string | null;
  /** Further remarks on its quotes, for users. */
  readonly remarks: readonly string[];
  /** Wall time of the next poll, in ms. */
  readonly nextPollAt: number;
}

/** A state and the wall time of its beginning, in ms. */
interface DatedState {
  readonly state: Status["state"];
  readonly since: number;
}

const SECONDS_PER_DAY = 86_400;

function durationText(seconds: number): string {
  return seconds < SECONDS_PER_DAY
    ? `${Math.round(seconds / 60)} min`
    : `${Math.round(seconds / SECONDS_PER_DAY)} d`;
}

/** Describes the delay of prices, such as "Prices are delayed by 10 to 15 min". */
export function delayText(
  readings: readonly Pick<TrackedReading, "is_delayed" | "delay_s">[],
): string {
  const delays = readings.filter((each) => each.is_delayed).map((each) => each.delay_s)
    .filter((each) => each !== null);
  if (delays.length === 0) return "Prices are delayed";
  const [least, most] = [durationText(Math.min(...delays)), durationText(Math.max(...delays))];
  if (least === most) return `Prices are delayed by ${most}`;
  const [from] = least.split(" ");
  const [, unit] = most.split(" ");
  return `Prices are delayed by ${least.endsWith(` ${unit}`) ? from : least} to ${most}`;
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
  get breaker(): Status["breaker"] {
    return this.#upstream.health().breaker;
  }

  /** Asks for these symbols. @returns The readings, without the symbols that failed. Never rejects. */
  async ask(symbols: readonly string[]): Promise<readonly TrackedReading[]> {
    const readings: TrackedReading[] = [];
    const failures = new Map<string, string>();
    await Promise.all(symbols.map(async (symbol) => {
      try {
        const reading = await this.provider.read(this.#upstream, symbol);
        readings.push(track(reading, this.#readings.get(symbol), this.provider.intervalMs));
      } catch (thrown) {
        failures.set(symbol, this.#failureText(thrown));
      }
    }));
    // All at once, since the status is read meanwhile.
    for (const reading of readings) {
      this.#readings.set(reading.symbol, reading);
      this.#failures.delete(reading.symbol);
    }
    for (const [symbol, text] of failures) this.#failures.set(symbol, text);
    return readings;
  }

  /** Returns true for a reading that is not stale. */
  isFresh(reading: TrackedReading): boolean {
    return !this.#freshness.ofReading(reading, this.provider.intervalMs).isStale;
  }

  /** Returns the status now: null before the first answer. It dates and logs a change of state. */
  status(role: ProviderRole): Status | null {
    if (this.#readings.size === 0 && this.#failures.size === 0) return null;
    const { state, since } = this.#datedState(role);
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

  /** Returns the time until the status changes by itself, in ms: the first change since `agoMs` ago. */
  changesInMs(agoMs: number): number {
    return Math.min(
      ...[...this.#readings.values()].map((reading) =>
        this.#freshness.changesInMs(reading, this.provider.intervalMs, agoMs)
      ),
    );
  }

  /** Describes a failure. While the upstream makes no calls, the failure before says more. */
  #failureText(thrown: unknown): string {
    const { name, title } = this.provider;
    if (thrown instanceof UpstreamFailure) {
      const cause = thrown.kind === "waiting" ? this.#upstream.health().failure : null;
      return (cause ?? thrown).message;
    }
    this.#log.error("Reading a provider failed", { provider: name, reason: messageOf(thrown) });
    return `${title} could not be read`;
  }

  #markets(): Freshness[] {
    return [...this.#readings.values()].map((reading) =>
      this.#freshness.ofReading(reading, this.provider.intervalMs)
    );
  }

  /** `since` changes only with the state. */
  #datedState(role: ProviderRole): DatedState {
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

  #currentState({ standbyFor }: ProviderRole): Status["state"] {
    // A half-open breaker has not proved yet that the provider is back.
    if (this.#readings.size === 0 || this.breaker !== "closed") return "down";
    const markets = this.#markets();
    if (markets.every(({ session }) => session === "closed")) return "closed";
    const isSilent = markets.every(({ isStale, session }) => isStale || session === "closed");
    // A provider on standby is seldom asked: its silence means nothing, unless it failed.
    if (isSilent && (this.#failures.size > 0 || standbyFor === null)) return "stale";
    return [...this.#readings.values()].some((each) => each.is_delayed) ? "delayed" : "live";
  }

  /** Dates a new state. Silence and closing hours may be noticed late, if nothing is polled: their beginning is known. */
  #beginningOf(state: Status["state"]): number {
    const now = this.#clock.now();
    const before = this.#state;
    const isNoticedLate = state === "stale" || state === "closed";
    if (before === null || before.state === "down" || !isNoticedLate) return now;
    const began = Math.max(...this.#markets().map(({ since }) => since));
    return Math.min(now, Math.max(began, before.since));
  }

  #reason(state: Status["state"], { standbyFor, remarks }: ProviderRole): string | null {
    const isDown = state === "down";
    const text = standbyFor !== null && !isDown
      ? `On standby while ${standbyFor} serves`
      : this.#stateText(state);
    // Failures come first.
    const all = new Set(
      [...this.#failures.values(), ...isDown ? [] : remarks, text].filter((each) => each !== null),
    );
    return all.size === 0 ? null : [...all].join("; ");
  }

  #stateText(state: Status["state"]): string | null {
    switch (state) {
      case "down":
      case "stale":
        return this.#failures.values().next().value ?? this.#upstream.health().failure?.message ??
          (this.#isAnswering() ? "No new price for twice the poll interval" : NO_ANSWER);
      case "closed":
        return "Markets are closed";
      case "delayed":
        return delayText([...this.#readings.values()]);
      case "live":
        return null;
    }
  }

  /** Returns true if the provider answers, though with nothing new. */
  #isAnswering(): boolean {
    const maxAgeMs = 2 * this.#freshness.intervalFactor * this.provider.intervalMs;
    const elapsed = this.#clock.elapsed();
    return [...this.#readings.values()]
      .some(({ receivedElapsed }) => elapsed - receivedElapsed < maxAgeMs);
  }
}
