/**
 * The latest quote of each symbol. Readings are validated before they enter the cache.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { isoTime } from "../../core/time.ts";
import { isPlausible, isPossiblePrice, measureChange, type MeasuredChange } from "./change.ts";
import type { Freshness, FreshnessRules } from "./freshness.ts";
import type { Baseline } from "./history/baseline.ts";
import { type Instrument, instrumentOf, type Instruments } from "./instrument.ts";
import { isPositive, isZero, percentOf, subtract } from "./providers/decimal.ts";
import type { DayFigures, Provider, Reading } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";
import type { TrackedReading } from "./tracked_reading.ts";

/** The largest difference from the cached price, in percent, that needs no second reading as a confirmation. */
const MAX_JUMP_PCT = 20;

/** The most that a market time may be ahead of the wall clock, in ms. Clocks differ a little. */
const MAX_TIME_AHEAD_MS = 5 * 60_000;

/** The result of a validation: `quarantine` keeps a reading until another one confirms it. */
export type Validation = "accept" | "reject" | "quarantine";

/** Tests if two prices differ so much that the second needs a confirmation. */
export function isJump(from: string, to: string): boolean {
  if (isZero(from)) return !isZero(to);
  return Math.abs(percentOf(subtract(to, from), from)) > MAX_JUMP_PCT;
}

function isOlder(reading: Reading, cached: Reading, now: number): boolean {
  if (reading.receivedElapsed < cached.receivedElapsed) return true;
  if (reading.as_of === null || cached.as_of === null) return false;
  const cachedAsOf = Date.parse(cached.as_of);
  // A market time in the future is an error, and must not block later readings.
  return cachedAsOf <= now && Date.parse(reading.as_of) < cachedAsOf;
}

function isOfFuture({ as_of }: Reading, now: number): boolean {
  return as_of !== null && Date.parse(as_of) - now > MAX_TIME_AHEAD_MS;
}

/** Tests if another reading has about the same price. A trade that is read twice does not confirm itself. */
function confirms(reading: Reading, quarantined: Reading): boolean {
  const isOtherReading = reading.as_of === null
    ? reading.receivedElapsed !== quarantined.receivedElapsed
    : reading.as_of !== quarantined.as_of;
  return isOtherReading && !isJump(quarantined.price, reading.price);
}

/** The readings of a symbol that a new reading is validated against. */
export interface ValidationContext {
  readonly cached: Reading | undefined;
  /** A recent price of the same source without a cached reading, as a new leader has it: null if there is none. */
  readonly recorded?: string | null;
  /** The reading that waits for a confirmation. */
  readonly quarantined?: Reading | undefined;
  /** True for a closing price, which is official. Nothing would confirm it before the next close. */
  readonly isClosingPrice?: boolean;
  /** Wall time in ms, with which market times are compared. */
  readonly now: number;
}

/** Validates a reading against the cached reading of the same symbol. */
export function validateReading(
  reading: Reading,
  { cached, recorded = null, quarantined, isClosingPrice = false, now }: ValidationContext,
): Validation {
  if (cached !== undefined && isOlder(reading, cached, now)) return "reject";
  const known = cached?.price ?? recorded;
  if (known === null || isClosingPrice || !isJump(known, reading.price)) return "accept";
  return quarantined !== undefined && confirms(reading, quarantined) ? "accept" : "quarantine";
}

/**
 * Returns the contradiction of a reading and its instrument, for users: null if there is none.
 *
 * @param title The title of the source.
 */
function contradictionOf(
  { price, currency }: Reading,
  instrument: Instrument,
  title: string,
): string | null {
  const { symbol } = instrument;
  if (currency !== undefined && currency !== null && currency !== instrument.currency) {
    return `${title} quotes ${symbol} in ${currency}, not in ${instrument.currency}`;
  }
  return isPossiblePrice(instrument.class, price)
    ? null
    : `${title} sent a price of ${price} for ${symbol}`;
}

/** Returns the figures of a reading that are plausible. Sources also send zero for an unknown one. */
function plausibleFigures(
  { price, open, high, low, volume, bid, ask }: Reading,
  marketClass: Quote["class"],
): DayFigures {
  const priceOf = (figure: string | null) =>
    figure !== null && !isZero(figure) && isPlausible(marketClass, price, figure) ? figure : null;
  return {
    open: priceOf(open),
    high: priceOf(high),
    low: priceOf(low),
    volume: volume !== null && isPositive(volume) ? volume : null,
    bid: priceOf(bid),
    ask: priceOf(ask),
  };
}

/** Shortens a number for a remark: `1.4e-45`. */
const shorten = (decimal: string) => String(Number(Number(decimal).toPrecision(6)));

/** Returns the fields of a quote that change with time alone. */
function freshnessFields(
  { session, isStale, nextOpenAt }: Freshness,
): Pick<Quote, "session" | "next_open" | "is_stale"> {
  const next_open = nextOpenAt === null ? null : isoTime(nextOpenAt);
  return { session, next_open, is_stale: isStale };
}

/** Remembers accepted prices, from which the baseline of a source follows that states none. */
export interface PriceRecorder {
  add(reading: Reading, source: string): void;
  /** Returns the baseline of a symbol at a source: null until one is known. */
  baselineOf(symbol: string, source: string): Baseline | null;
  /** Returns the latest price of a symbol at a source: null if none is recent. Absent if only baselines are remembered. */
  latestOf?(symbol: string, source: string): string | null;
}

/** A reading, its provider, and its change. */
interface CachedReading {
  readonly reading: TrackedReading;
  readonly provider: Provider;
  readonly change: MeasuredChange;
}

/** The dependencies of a quote cache. */
export interface QuoteCacheOptions {
  readonly clock: Clock;
  readonly instruments: Instruments;
  readonly freshness: FreshnessRules;
  /** In order of preference. The cache holds their symbols. */
  readonly providers: readonly Provider[];
  readonly recorder: PriceRecorder;
  /** The value of `simulated` in every quote. */
  readonly isSimulated: boolean;
}

/** The latest quotes of symbols that share providers. A quote stays until a later quote replaces it. */
export class QuoteCache {
  readonly #options: QuoteCacheOptions;
  readonly #cached = new Map<string, CachedReading>();
  readonly #quarantined = new Map<string, Reading>();
  /** The remarks on the latest readings, by source and symbol. */
  readonly #remarks = new Map<string, string>();

  constructor(options: QuoteCacheOptions) {
    this.#options = options;
  }

  /** Puts a reading into the cache if it is valid, and returns true if it is. */
  put(reading: TrackedReading, provider: Provider): boolean {
    const { symbol } = reading;
    const instrument = instrumentOf(this.#options.instruments, symbol);
    const key = `${provider.name} ${symbol}`;
    const now = this.#options.clock.now();
    const contradiction = contradictionOf(reading, instrument, provider.title);
    const isAhead = isOfFuture(reading, now);
    const remark = isAhead ? `${provider.title} states a future time for ${symbol}` : contradiction;
    if (remark === null) this.#remarks.delete(key);
    else this.#remarks.set(key, remark);
    if (contradiction !== null) return false;
    const cached = this.#cached.get(symbol)?.reading;
    const quarantined = this.#quarantined.get(symbol);
    const validation = validateReading(reading, {
      cached,
      recorded: this.#options.recorder.latestOf?.(symbol, provider.name) ?? null,
      quarantined,
      isClosingPrice: provider.isEndOfDay === true,
      now,
    });
    if (validation === "quarantine") this.#quarantined.set(symbol, reading);
    if (validation !== "accept") return false;
    this.#quarantined.delete(symbol);
    this.#options.recorder.add(reading, provider.name);
    // The wall clock may have been set back, and `received_at` never moves backwards.
    const isBehind = cached !== undefined && reading.received_at < cached.received_at;
    const received_at = isBehind ? cached.received_at : reading.received_at;
    this.#cached.set(symbol, {
      reading: {
        ...reading,
        ...plausibleFigures(reading, instrument.class),
        as_of: isAhead ? null : reading.as_of,
        received_at,
      },
      provider,
      change: this.#measureChange(reading, instrument, provider),
    });
    return true;
  }

  /** Measures a change from the baseline of the source, or else from the one that follows from recorded prices. */
  #measureChange(
    { price, baseline, basis }: Reading,
    { symbol, class: marketClass }: Instrument,
    { name }: Provider,
  ): MeasuredChange {
    const stated = measureChange(
      marketClass,
      price,
      baseline === null || basis === "none" ? null : { price: baseline, basis },
    );
    if (stated.basis !== "none") return stated;
    const recorded = this.#options.recorder.baselineOf(symbol, name);
    const measured = measureChange(marketClass, price, recorded);
    return measured.basis === "none" ? stated : measured;
  }

  /** Lists what is wrong with the latest readings of a source, one sentence per symbol, for users. */
  remarks(symbols: readonly string[], source: string): string[] {
    return symbols.flatMap((symbol) => {
      const cached = this.#cached.get(symbol);
      const refused = cached?.provider.name === source ? cached.change.refused : null;
      return [
        this.#remarks.get(`${source} ${symbol}`) ?? [],
        refused === null || refused === undefined
          ? []
          : `${symbol} has no change: ${shorten(refused)} is no plausible baseline`,
      ].flat();
    });
  }

  /** Returns the cached reading of a symbol: undefined if it came from another source. */
  readingOf(symbol: string, source: string): TrackedReading | undefined {
    const cached = this.#cached.get(symbol);
    return cached?.provider.name === source ? cached.reading : undefined;
  }

  /** Lists all quotes, with their current session and staleness. */
  quotes(): Quote[] {
    return [...this.#cached.values()].map(({ reading, provider, change: measured }) => {
      const { price, open, high, low, volume, bid, ask, received_at, is_delayed, delay_s } =
        reading;
      const { change, change_pct, basis, prev_close } = measured;
      const { freshness } = this.#options;
      const { session, next_open, is_stale } = freshnessFields(
        freshness.assessReading(reading, provider),
      );
      const { tickers: _tickers, hours: _hours, ...instrument } = instrumentOf(
        this.#options.instruments,
        reading.symbol,
      );
      return {
        ...instrument,
        price,
        change,
        change_pct,
        basis,
        prev_close,
        open,
        high,
        low,
        volume,
        bid,
        ask,
        session,
        next_open,
        as_of: freshness.marketTimeOf(reading, provider),
        received_at,
        is_delayed,
        delay_s,
        is_stale,
        source: provider.name,
        attribution: provider.attribution,
        simulated: this.#options.isSimulated,
      };
    });
  }

  /** Updates the session, the next opening and the staleness of a logged quote. Quotes of other symbols are returned unchanged. */
  evaluate(quote: Quote): Quote {
    const { freshness, providers } = this.#options;
    const candidates = providers.filter(({ symbols }) => symbols.includes(quote.symbol));
    const provider = candidates.find(({ name }) => name === quote.source) ?? candidates[0];
    if (provider === undefined) return quote;
    // The source may have repeated the quote since it was published.
    const reading = this.readingOf(quote.symbol, quote.source);
    const isRead = reading !== undefined && reading.received_at >= quote.received_at;
    const current = isRead
      ? freshness.assessReading(reading, provider)
      : freshness.assessQuote(quote, provider);
    return { ...quote, ...freshnessFields(current) };
  }

  /** Tests if the markets of all these symbols are closed. A symbol without a quote does not count. */
  isClosed(symbols: readonly string[]): boolean {
    const cached = this.#cachedOf(symbols);
    return cached.length > 0 &&
      cached.every(({ reading, provider }) =>
        this.#options.freshness.assessReading(reading, provider).session === "closed"
      );
  }

  /**
   * Returns the time until freshness changes a quote, in ms: Infinity without a quote. A change in the last `lookBackMs`
   * counts.
   *
   * @param symbols The symbols that count: all by default.
   */
  msUntilChange(lookBackMs: number, symbols: readonly string[] = [...this.#cached.keys()]): number {
    return Math.min(
      ...this.#cachedOf(symbols).map(({ reading, provider }) =>
        this.#options.freshness.msUntilChange(reading, provider, lookBackMs)
      ),
    );
  }

  #cachedOf(symbols: readonly string[]): CachedReading[] {
    return symbols.map((symbol) => this.#cached.get(symbol)).filter((cached) =>
      cached !== undefined
    );
  }
}
