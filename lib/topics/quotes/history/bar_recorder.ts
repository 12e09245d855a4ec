/**
 * The recorder of bars: the leader adds the prices that it accepts, and writes them to rings in the store.
 *
 * @module
 */
import { messageOf } from "../../../core/logger.ts";
import type { Runtime } from "../../../core/runtime.ts";
import { createSerial } from "../../../core/serial.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import type { Store } from "../../../store/store.ts";
import type { Span } from "../market_hours.ts";
import type { Provider, Reading } from "../providers/provider.ts";
import { isJump, type PriceRecorder } from "../quote_cache.ts";
import {
  type Bar,
  barOf,
  decodeBars,
  encodeBars,
  joinBars,
  mergeBars,
  rollUp,
  startOfInterval,
} from "./bar.ts";
import { type Baseline, findBaseline } from "./baseline.ts";
import { DAILY_RING, FINE_RING, HOURLY_RING, type Ring } from "./range.ts";

/** The time after the close of a market in which a print still belongs to its session, in ms. */
const CLOSING_TOLERANCE_MS = 20 * MINUTE_MS;

/** The bars of a symbol in a ring, by source. */
export type RingBars = ReadonlyMap<string, readonly Bar[]>;

/** Returns the key of a ring in the store. */
export function ringKey({ name }: Ring, symbol: string): string {
  return `bars:${name}:${symbol}`;
}

/** Writes a ring: one line per source. */
function encodeRing(ring: RingBars): string {
  return [...ring].map(([source, bars]) => `${source} ${encodeBars(bars)}`).join("\n");
}

/** Reads a ring. It is empty if there is none, or if another version wrote it. */
export function decodeRing(text: string | null): RingBars {
  const lines = text === null || text === "" ? [] : text.split("\n");
  return new Map(lines.map((line) => {
    const [source = "", bars = ""] = line.split(" ");
    return [source, decodeBars(bars)] as const;
  }));
}

/** Merges two rings, and trims the result to the bounds of the ring: by number, and by age from its newest bar. */
function mergeRings(
  { maxBars, ttlMs }: Ring,
  older: RingBars,
  newer: RingBars,
): Map<string, Bar[]> {
  const merged = [...new Set([...older.keys(), ...newer.keys()])].map((source) =>
    [source, mergeBars(older.get(source) ?? [], newer.get(source) ?? [])] as const
  );
  const newestAt = Math.max(...merged.map(([, bars]) => bars.at(-1)?.[0] ?? 0));
  const trimmed = merged.map(([source, bars]) =>
    [source, bars.slice(-maxBars).filter(([startAt]) => startAt > newestAt - ttlMs)] as const
  );
  return new Map(trimmed.filter(([, bars]) => bars.length > 0));
}

function rollUpRing(ring: RingBars, startOf: (ms: number) => number): RingBars {
  return new Map([...ring].map(([source, bars]) => [source, rollUp(bars, startOf)]));
}

/** A price that waits for a confirmation. */
interface PendingPrice {
  readonly at: number;
  readonly price: string;
}

/** The dependencies of a recorder. */
export interface BarRecorderOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  readonly store: Pick<Store, "getMany" | "set">;
  readonly symbols: readonly string[];
  /** Their longer rings are written only for those without a history of their own. */
  readonly providers: readonly Pick<Provider, "name" | "readHistory">[];
  /** Returns the span of a symbol's market at a wall time in ms: null if it never closes. */
  readonly spanAt: (symbol: string, ms: number) => Span | null;
}

/** Records bars. The finest ring is in memory too, with the bar that has not ended. */
export class BarRecorder implements PriceRecorder {
  readonly #options: BarRecorderOptions;
  readonly #serial = createSerial();
  readonly #rings = new Map<string, Map<string, Bar[]>>();
  readonly #pending = new Map<string, PendingPrice>();
  /** The symbols with prices since the last write. */
  readonly #changed = new Set<string>();
  /** The start of the hour in which the longer rings were written last. */
  #hourAt = -Infinity;
  #isWriter = false;
  #cancelTimer = () => {};

  constructor(options: BarRecorderOptions) {
    this.#options = options;
  }

  /**
   * Starts with the bars in the store. The caller stops the recorder before it starts it again.
   *
   * @param isWriter False in an isolate that does not lead: it only remembers its own prices.
   * @returns A promise that resolves once the bars are loaded, or cannot be. It never rejects.
   */
  start(isWriter: boolean): Promise<void> {
    const { clock } = this.#options.runtime;
    this.#isWriter = isWriter;
    this.#hourAt = -Infinity;
    this.#cancelTimer = clock.every(FINE_RING.intervalMs, () => void this.#write());
    return isWriter ? this.#attempt(() => this.#load(this.#options.symbols)) : Promise.resolve();
  }

  /** Stops, and writes the bars so far. Resolves once they are written, or cannot be. */
  async stop(): Promise<void> {
    this.#cancelTimer();
    const written = this.#write();
    this.#isWriter = false;
    await written;
  }

  /** Adds an accepted reading. */
  add({ symbol, price, as_of, received_at, session }: Reading, source: string): void {
    if (session === "pre" || session === "post") return;
    const now = this.#options.runtime.clock.now();
    const toldAt = Math.min(Date.parse(as_of ?? received_at), now);
    const at = this.#tradingTime(symbol, toldAt, as_of !== null);
    if (at === null) return;
    const key = `${source} ${symbol}`;
    const last = this.barsOf(symbol, source).at(-1);
    const pending = this.#pending.get(key);
    const isConfirmed = (known: string | undefined) => known !== undefined && !isJump(known, price);
    // A slip must not become a bar: a price counts once another one is close to it.
    if (isConfirmed(last?.[4])) this.#pending.delete(key);
    else if (isConfirmed(pending?.price) && pending !== undefined) {
      this.#pending.delete(key);
      this.#record(symbol, source, pending);
    } else {
      this.#pending.set(key, { at, price });
      return;
    }
    this.#record(symbol, source, { at, price });
  }

  baselineOf(symbol: string, source: string): Baseline | null {
    const { runtime: { clock }, spanAt } = this.#options;
    const bars = this.barsOf(symbol, source);
    return findBaseline(bars, (ms) => spanAt(symbol, ms), clock.now());
  }

  latestOf(symbol: string, source: string): string | null {
    const last = this.barsOf(symbol, source).at(-1);
    const isRecent = last !== undefined &&
      startOfInterval(HOUR_MS)(this.#options.runtime.clock.now()) - last[0] <= HOUR_MS;
    return isRecent ? last[4] : null;
  }

  /** Returns the finest bars of a symbol from a source, oldest first. */
  barsOf(symbol: string, source: string): readonly Bar[] {
    return this.#rings.get(symbol)?.get(source) ?? [];
  }

  /**
   * Returns the time in the bars for a price of a time. While a market is closed, its price is that of the close. Null for
   * a trade outside the trading hours.
   */
  #tradingTime(symbol: string, ms: number, isMarketTime: boolean): number | null {
    const span = this.#options.spanAt(symbol, ms);
    if (span === null || span.isOpen) return ms;
    return isMarketTime && ms - span.start > CLOSING_TOLERANCE_MS ? null : span.start - 1;
  }

  #record(symbol: string, source: string, { at, price }: PendingPrice): void {
    const ring = this.#rings.get(symbol) ?? new Map<string, Bar[]>();
    this.#rings.set(symbol, ring);
    const bars = ring.get(source) ?? [];
    const bar = barOf(startOfInterval(FINE_RING.intervalMs)(at), price);
    const last = bars.at(-1);
    // In place, because a stream has many prices per bar.
    if (last?.[0] === bar[0]) bars[bars.length - 1] = joinBars(last, bar);
    else ring.set(source, mergeBars(bars, [bar]).slice(-FINE_RING.maxBars));
    this.#changed.add(symbol);
  }

  /** Merges the bars of the store into those in memory. */
  async #load(symbols: readonly string[]): Promise<void> {
    const stored = await this.#read(FINE_RING, symbols);
    for (const symbol of symbols) {
      const own = this.#rings.get(symbol) ?? new Map<string, Bar[]>();
      this.#rings.set(symbol, mergeRings(FINE_RING, stored.get(symbol) ?? new Map(), own));
    }
  }

  async #read(ring: Ring, symbols: readonly string[]): Promise<ReadonlyMap<string, RingBars>> {
    const values = await this.#options.store.getMany(
      symbols.map((symbol) => ringKey(ring, symbol)),
    );
    return new Map(symbols.map((symbol, index) => [symbol, decodeRing(values[index] ?? null)]));
  }

  /** Writes the bars since the last write, one write after another. Never rejects. */
  #write(): Promise<void> {
    if (!this.#isWriter) return Promise.resolve();
    return this.#attempt(async () => {
      const symbols = [...this.#changed];
      if (symbols.length === 0) return;
      await this.#load(symbols); // The previous leader may have written since.
      for (const symbol of symbols) {
        await this.#set(FINE_RING, symbol, this.#rings.get(symbol) ?? new Map());
        this.#changed.delete(symbol);
      }
      const hourAt = startOfInterval(HOUR_MS)(this.#options.runtime.clock.now());
      if (hourAt === this.#hourAt) return;
      this.#hourAt = hourAt;
      await this.#rollUp();
    });
  }

  /** Continues the longer rings from the finest one, which covers a whole day: nothing is lost with a leader. */
  async #rollUp(): Promise<void> {
    const symbols = [...this.#rings.keys()].filter((symbol) =>
      this.#withoutHistory(symbol).size > 0
    );
    if (symbols.length === 0) return;
    const [hourly, daily] = await Promise.all(
      [HOURLY_RING, DAILY_RING].map((ring) => this.#read(ring, symbols)),
    );
    for (const symbol of symbols) {
      const hours = mergeRings(
        HOURLY_RING,
        hourly?.get(symbol) ?? new Map(),
        rollUpRing(this.#withoutHistory(symbol), startOfInterval(HOUR_MS)),
      );
      const days = mergeRings(
        DAILY_RING,
        daily?.get(symbol) ?? new Map(),
        rollUpRing(hours, (hourAt) => this.#tradingDay(symbol, hourAt)),
      );
      await this.#set(HOURLY_RING, symbol, hours);
      await this.#set(DAILY_RING, symbol, days);
    }
  }

  /** Returns midnight in UTC of the day on which the session of an hour ends. It may begin on the evening before. */
  #tradingDay(symbol: string, hourAt: number): number {
    const ends = [hourAt, hourAt + HOUR_MS - 1].map((ms) => this.#options.spanAt(symbol, ms))
      .filter((span) => span?.isOpen).map((span) => span?.end);
    return startOfInterval(DAY_MS)((ends.at(0) ?? hourAt + 1) - 1);
  }

  /** Returns the finest bars of the sources of a symbol that have no history of their own. */
  #withoutHistory(symbol: string): RingBars {
    const { providers } = this.#options;
    const hasHistory = (source: string) =>
      providers.some(({ name, readHistory }) => name === source && readHistory !== undefined);
    const bars = [...this.#rings.get(symbol) ?? []];
    return new Map(bars.filter(([source]) => !hasHistory(source)));
  }

  #set(ring: Ring, symbol: string, bars: RingBars): Promise<void> {
    return this.#options.store.set(ringKey(ring, symbol), encodeRing(bars), ring.ttlMs);
  }

  #attempt(task: () => Promise<void>): Promise<void> {
    return this.#serial(task).catch((thrown) =>
      this.#options.runtime.log.warn("Recording prices failed", { reason: messageOf(thrown) })
    );
  }
}
