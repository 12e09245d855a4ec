/**
 * The schedule of one provider's polls: an interval apart, with jitter, never within the TTL, and rarer while its markets
 * are closed.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Provider } from "./providers/provider.ts";

/** The share of the interval by which a poll may come early or late, so that isolates do not poll in step. */
export const JITTER = 0.2;

/** A provider that a schedule polls. */
export interface Polled {
  readonly provider: Pick<Provider, "name" | "intervalMs" | "closedIntervalMs" | "ttlMs">;
  /**
   * Polls the provider.
   *
   * @param nextPollMs The time until the next poll, in ms.
   */
  poll(nextPollMs: number): Promise<void>;
  /** Tests if the markets of all its symbols are closed. */
  isClosed(): boolean;
  /** Returns the time until a quote of the provider changes without a new reading, in ms: Infinity if none does. */
  msUntilChange(): number;
}

/** Polls one provider. */
export class PollSchedule {
  readonly #runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly #polled: Polled;
  #intervalFactor = 1;
  #polling: Promise<void> | null = null;
  /** Monotonic time of the start of the last poll. */
  #startedAt = -Infinity;
  /** Monotonic time of its end. */
  #polledAt = -Infinity;
  #isRunning = false;
  #cancelPoll = () => {};

  constructor(runtime: Pick<Runtime, "clock" | "random" | "log">, polled: Polled) {
    this.#runtime = runtime;
    this.#polled = polled;
  }

  /**
   * Starts polling: immediately, or once the TTL since the last poll has passed.
   *
   * @param intervalFactor Multiplies the interval and the TTL.
   */
  start(intervalFactor: number): void {
    this.#intervalFactor = intervalFactor;
    this.#isRunning = true;
    this.#schedulePoll(0);
  }

  /** Stops polling. A poll under way continues. A second call has no effect. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelPoll();
  }

  /** Polls if the TTL since the last poll has passed, or joins a poll that is under way. Never rejects. */
  refresh(): Promise<void> {
    const { provider } = this.#polled;
    if (this.#polling === null && this.#sincePollMs() < provider.ttlMs) return Promise.resolve();
    const { clock, log } = this.#runtime;
    if (this.#polling === null) this.#startedAt = clock.elapsed();
    this.#polling ??= this.#polled.poll(this.#intervalFactor * provider.intervalMs)
      .catch((thrown) =>
        log.error("A poll failed", { provider: provider.name, reason: messageOf(thrown) })
      )
      .finally(() => {
        this.#polledAt = clock.elapsed();
        this.#polling = null;
      });
    return this.#polling;
  }

  /** Polls even within the TTL: at once, or after a poll that is under way. It has no effect while the schedule is stopped. */
  async pollNow(): Promise<void> {
    await this.#polling;
    if (!this.#isRunning) return;
    this.#polledAt = -Infinity;
    this.#schedulePoll(0);
  }

  #sincePollMs(): number {
    return this.#runtime.clock.elapsed() - this.#polledAt;
  }

  /**
   * Schedules the next poll an interval after the start of the last one. It is not within the TTL after the end, and while all markets are
   * closed it is not after the next opening.
   */
  #schedulePoll(intervalMs: number): void {
    const ttlMs = this.#intervalFactor * this.#polled.provider.ttlMs;
    const sincePollMs = this.#sincePollMs();
    const sinceStartMs = this.#runtime.clock.elapsed() - this.#startedAt;
    const opensInMs = this.#polled.isClosed() ? this.#polled.msUntilChange() : Infinity;
    const delayMs = Math.max(ttlMs - sincePollMs, Math.min(intervalMs - sinceStartMs, opensInMs));
    this.#cancelPoll();
    this.#cancelPoll = this.#runtime.clock.after(Math.max(0, delayMs), async () => {
      await this.refresh();
      if (this.#isRunning) this.#schedulePoll(this.#jitteredIntervalMs());
    });
  }

  #jitteredIntervalMs(): number {
    const { intervalMs, closedIntervalMs = intervalMs } = this.#polled.provider;
    const currentMs = this.#polled.isClosed() ? closedIntervalMs : intervalMs;
    return this.#intervalFactor * currentMs * (1 + JITTER * (2 * this.#runtime.random() - 1));
  }
}
