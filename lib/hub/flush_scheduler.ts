/**
 * Schedules the flushes of a broadcast group, and holds publishers back that are faster than its flushes.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { WindowBounds } from "./window.ts";

/** The log events that wait for a flush, in bytes. Above this, or a quarter of a window, the flush is early. */
const MAX_WAITING_BYTES = 65_536;

/**
 * The pause after slow flushes: a multiple of their duration, limited to this number of milliseconds. The runtime and the
 * system work some eight times as long as the flush after it, so nearly half of the time is left for other work. Measured:
 * 5,000 streams at 100 events per second take 73 % of a core, not 99 %; for 1,000 streams nothing changes.
 */
const [PAUSE_FACTOR, MAX_PAUSE_MS] = [15, 250];

/** The flushes whose shortest determines the pause. A longer one may have been interrupted, for example by a collection. */
const FLUSHES_COMPARED = 8;

/** The longest time that a publisher is held back, in milliseconds. */
const MAX_BACKPRESSURE_MS = 1000;

/** Counts log events. State values are not counted: a newer one replaces an older one. */
type Count = Record<"events" | "bytes", number>;

/**
 * Schedules flushes: immediately after silence, then at an interval, which coalescing or `max_rate` sets. Publishing is cheap
 * beside sending to thousands: without backpressure, an isolate that cannot keep up falls behind its own windows, and all of
 * its clients are ended as if they had been slow.
 */
export class FlushScheduler {
  readonly #durationsMs = Array<number>(FLUSHES_COMPARED).fill(0);
  /** The events that have arrived since the last flush. */
  #waiting: Count = { events: 0, bytes: 0 };
  /** The events that are not flushed: those above, and what the last flush has left. */
  #pending: Count = { events: 0, bytes: 0 };
  #pausedUntil = -Infinity;
  #cancel: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** @param intervalMs The shortest time between two flushes. */
  constructor(
    private readonly clock: Clock,
    private readonly intervalMs: number,
    private readonly bounds: WindowBounds,
    private readonly flush: () => void,
  ) {}

  count({ bytes: { byteLength } }: EncodedEvent): void {
    for (const count of [this.#waiting, this.#pending]) {
      count.events++;
      count.bytes += byteLength;
    }
  }

  /** Flushes now, or when the pause ends. Many waiting events end the pause early. */
  request(): void {
    const dueMs = this.#pausedUntil - this.clock.elapsed();
    const isEarly = this.#waiting.bytes > MAX_WAITING_BYTES || this.#exceeds(this.#waiting, 1 / 4);
    if (dueMs <= 0 || isEarly) this.#run();
    else this.#cancel ??= this.clock.after(dueMs, () => this.#run());
  }

  /** Flushes the rest on the next macrotask. @param flushed The log events that the last flush has sent. */
  continue(flushed: readonly EncodedEvent[]): void {
    // Some may have come from the log, and were never counted.
    const bytes = flushed.reduce((sum, event) => sum + event.bytes.byteLength, 0);
    this.#pending.events = Math.max(0, this.#pending.events - flushed.length);
    this.#pending.bytes = Math.max(0, this.#pending.bytes - bytes);
    if (!this.#exceeds(this.#pending, 1 / 2)) this.#room?.resolve();
    this.#cancel ??= this.clock.after(0, () => this.#run());
  }

  /** Counts no event as pending, and admits the publishers that wait. */
  settle(): void {
    this.#pending = { events: 0, bytes: 0 };
    this.#room?.resolve();
  }

  /** Cancels the scheduled flush. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting = { events: 0, bytes: 0 };
  }

  /** Resolves once at most half a window is pending, or after a second. Returns nothing if that is so now. */
  waitForRoom(): void | Promise<void> {
    if (this.#exceeds(this.#pending, 1 / 2)) return this.#room?.promise ?? this.#waitForRoom();
  }

  async #waitForRoom(): Promise<void> {
    this.#room = Promise.withResolvers();
    const cancel = this.clock.after(MAX_BACKPRESSURE_MS, this.#room.resolve);
    await this.#room.promise;
    this.#room = undefined;
    cancel();
  }

  #exceeds({ events, bytes }: Count, share: number): boolean {
    return events > this.bounds.maxEvents * share || bytes > this.bounds.maxBytes * share;
  }

  #run(): void {
    this.stop();
    const startedAt = this.clock.elapsed();
    this.#pausedUntil = startedAt + this.intervalMs;
    this.flush();
    const endedAt = this.clock.elapsed();
    this.#durationsMs.shift();
    this.#durationsMs.push(endedAt - startedAt);
    const slowMs = Math.min(PAUSE_FACTOR * Math.min(...this.#durationsMs), MAX_PAUSE_MS);
    this.#pausedUntil = endedAt + Math.max(this.intervalMs, slowMs);
  }
}
