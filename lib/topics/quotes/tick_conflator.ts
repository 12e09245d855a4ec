/**
 * Conflation of streamed prices: of many prices of a symbol within an interval, only the newest is published.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Reading } from "./providers/provider.ts";

/** The shortest time between two publications of streamed prices, in ms: viewers receive at most 10 in a second. */
const MIN_FLUSH_INTERVAL_MS = 100;

/** A streamed price, and the name of its provider. */
export interface Streamed {
  readonly provider: string;
  readonly reading: Reading;
}

/** Collects the prices of all streams. The first one after silence is flushed at once. */
export class TickConflator {
  readonly #runtime: Pick<Runtime, "clock" | "log">;
  readonly #flush: (prices: readonly Streamed[]) => Promise<void>;
  readonly #pending = new Map<string, Streamed>();
  /** Monotonic time of the last flush. */
  #flushedElapsed = -Infinity;
  #isFlushing = false;
  #cancelTimer: (() => void) | null = null;

  /** @param flush Publishes prices. The next flush waits for the end of this one. */
  constructor(
    runtime: Pick<Runtime, "clock" | "log">,
    flush: (prices: readonly Streamed[]) => Promise<void>,
  ) {
    this.#runtime = runtime;
    this.#flush = flush;
  }

  /** Adds a price, which replaces a pending one of the same symbol and provider. */
  add(streamed: Streamed): void {
    this.#pending.set(`${streamed.provider} ${streamed.reading.symbol}`, streamed);
    this.#schedule();
  }

  /** Drops the pending prices. */
  clear(): void {
    this.#pending.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #schedule(): void {
    if (this.#isFlushing || this.#cancelTimer !== null || this.#pending.size === 0) return;
    const { clock } = this.#runtime;
    const delayMs = this.#flushedElapsed + MIN_FLUSH_INTERVAL_MS - clock.elapsed();
    this.#cancelTimer = clock.after(Math.max(0, delayMs), () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#cancelTimer = null;
    this.#flushedElapsed = this.#runtime.clock.elapsed();
    this.#isFlushing = true;
    const prices = [...this.#pending.values()];
    this.#pending.clear();
    try {
      await this.#flush(prices);
    } catch (thrown) {
      this.#runtime.log.error("Publishing streamed prices failed", { reason: messageOf(thrown) });
    } finally {
      this.#isFlushing = false;
      this.#schedule();
    }
  }
}
