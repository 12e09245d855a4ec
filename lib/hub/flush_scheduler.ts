/**
 * Schedules the flushes of a broadcast group: at once after silence, then at its interval; earlier if much is pending.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { WindowBounds } from "./window.ts";

/** Pending log events are flushed early if they exceed this many bytes, or a quarter of a window. */
const MAX_PENDING_BYTES = 65_536;

/**
 * After slow flushes, the pause is this many times their duration, and at most so many milliseconds. What the runtime and the
 * system do after a flush takes some eight times as long as the flush, so nearly half of the time is left for other work.
 * Measured: 5,000 streams at 100 events per second take 73 % of a core; without the pause they take 99 %, with longer delays;
 * for 1,000 streams nothing changes.
 */
const [PAUSE_FACTOR, MAX_PAUSE_MS] = [15, 250];

/** The pause follows the shortest of so many flushes: a longer one may have been interrupted, by garbage collection say. */
const FLUSHES_COMPARED = 8;

/** Schedules flushes. Coalescing and `max_rate` are the same mechanism with different intervals. */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #bounds: WindowBounds;
  readonly #flush: () => void;
  readonly #durationsMs = Array<number>(FLUSHES_COMPARED).fill(0);
  #pausedUntil = -Infinity;
  #pendingEvents = 0;
  #pendingBytes = 0;
  #cancel: (() => void) | undefined;

  /** Creates a scheduler. @param intervalMs The shortest time between two flushes. */
  constructor(clock: Clock, intervalMs: number, bounds: WindowBounds, flush: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#bounds = bounds;
    this.#flush = flush;
  }

  /** Counts a pending log event. State values are not counted: a newer one replaces an older one. */
  count(bytes: number): void {
    this.#pendingEvents++;
    this.#pendingBytes += bytes;
  }

  /** Flushes now, or when the pause ends. */
  request(): void {
    const dueMs = this.#pausedUntil - this.#clock.elapsed();
    if (dueMs <= 0 || this.#isMuchPending()) this.#run();
    else this.#cancel ??= this.#clock.after(dueMs, () => this.#run());
  }

  /** Flushes on the next macrotask, since the last flush was not whole. */
  continue(): void {
    this.#cancel ??= this.#clock.after(0, () => this.#run());
  }

  /** Cancels the scheduled flush. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#pendingEvents = this.#pendingBytes = 0;
  }

  #run(): void {
    this.stop();
    const startedAt = this.#clock.elapsed();
    this.#pausedUntil = startedAt + this.#intervalMs;
    this.#flush();
    const endedAt = this.#clock.elapsed();
    this.#durationsMs.shift();
    this.#durationsMs.push(endedAt - startedAt);
    const slowMs = Math.min(PAUSE_FACTOR * Math.min(...this.#durationsMs), MAX_PAUSE_MS);
    this.#pausedUntil = endedAt + Math.max(this.#intervalMs, slowMs);
  }

  #isMuchPending(): boolean {
    const { maxEvents, maxBytes } = this.#bounds;
    return this.#pendingEvents > maxEvents / 4 ||
      this.#pendingBytes > Math.min(MAX_PENDING_BYTES, maxBytes / 4);
  }
}
