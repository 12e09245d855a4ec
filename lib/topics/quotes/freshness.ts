/**
 * The freshness of a quote: the session of its market, and its staleness.
 *
 * Ages are monotonic. A reading of this isolate has the monotonic time of its receipt. A quote from another isolate and the
 * time of the market (`as_of`) are wall times, so only these are compared by the wall clock.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { instrumentOf, type Instruments } from "./instrument.ts";
import type { MarketHours, Span } from "./market_hours.ts";
import type { Reading } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";

/** A reading whose freshness is tracked from one response of the source to the next. */
export interface TrackedReading extends Reading {
  /** Monotonic time of the last news of the source: silence is counted from it. */
  readonly newsElapsed: number;
}

/** Returns the age of a price at its receipt beyond the delay of the source and one poll, in ms: 0 for a new price. */
function lagMsOf({ as_of, delay_s, received_at }: Reading, intervalMs: number): number {
  if (as_of === null) return 0;
  const expectedMs = (delay_s ?? 0) * 1000 + intervalMs;
  return Math.max(0, Date.parse(received_at) - Date.parse(as_of) - expectedMs);
}

/**
 * Tracks the freshness of a reading. A response with the same market time as the previous one is not news. A price that is
 * old at its receipt is only as fresh as its market time.
 *
 * @param previous The previous reading of the same source.
 */
export function track(
  reading: Reading,
  previous: TrackedReading | undefined,
  intervalMs: number,
): TrackedReading {
  const { as_of, receivedElapsed } = reading;
  if (as_of !== null && as_of === previous?.as_of) {
    return { ...reading, newsElapsed: previous.newsElapsed };
  }
  let lagMs = lagMsOf(reading, intervalMs);
  if (lagMs > 0 && as_of !== null && previous !== undefined && previous.as_of !== null) {
    // The wall clock may have been set, so the lag must also follow from the market's progress since the previous reading.
    const previousLagMs = previous.receivedElapsed - previous.newsElapsed;
    const progressMs = Date.parse(as_of) - Date.parse(previous.as_of);
    const passedMs = receivedElapsed - previous.receivedElapsed;
    lagMs = Math.min(lagMs, Math.max(0, previousLagMs + passedMs - progressMs));
  }
  return { ...reading, newsElapsed: receivedElapsed - lagMs };
}

/** The last response of a source about a symbol. */
export interface Observation
  extends Pick<Reading, "symbol" | "session" | "period" | "as_of" | "delay_s"> {
  /** Wall time of the last response, in ms. */
  readonly receivedAt: number;
  /** Wall time of the last news, in ms. */
  readonly newsAt: number;
}

/** The state of a quote at a time, if no further response arrives. Times are wall times in ms. */
export interface Freshness {
  readonly session: Quote["session"];
  /** True if nothing new arrived for twice the interval in an open market. */
  readonly isStale: boolean;
  /** The time at which this state began. */
  readonly since: number;
  /** The time at which this state ends: Infinity if it never ends. */
  readonly until: number;
}

/** The conditions under which freshness is determined. */
export interface FreshnessContext {
  readonly instruments: Instruments;
  readonly spanAt: MarketHours;
  /** The poll interval of the source, in ms. */
  readonly intervalMs: number;
  /** Wall time in ms. */
  readonly now: number;
}

/** A span, and the session that the source reported for it, if any. */
interface ReportedSpan extends Span {
  readonly session: Quote["session"] | null;
}

/**
 * Applies the trading hours that a source reported. The calendar applies after their end, and also if trades contradict
 * them: Yahoo reports the day of a future until midnight, although trading ends at 17:00.
 *
 * @param tradedAt The time of the last trade.
 */
function spanOfPeriod(
  { start, end }: Omit<Span, "isOpen">,
  calendar: Span,
  tradedAt: number,
  now: number,
): Span {
  if (now < start) return { isOpen: false, start: -Infinity, end: start };
  if (now < end) {
    const isQuiet = !calendar.isOpen && tradedAt <= calendar.start;
    return isQuiet ? calendar : { isOpen: true, start, end };
  }
  const isOver = calendar.isOpen && calendar.start < end && tradedAt <= end;
  return isOver ? { isOpen: false, start: end, end: calendar.end } : calendar;
}

/** Returns the current span of a market. What the source reports takes precedence over the calendar. */
function currentSpan(
  observation: Observation,
  { instruments, spanAt, now }: FreshnessContext,
): ReportedSpan {
  const { symbol, session, period, as_of, receivedAt } = observation;
  const { hours } = instrumentOf(instruments, symbol);
  const calendar = spanAt(hours, now);
  if (calendar === null) {
    return { isOpen: true, start: -Infinity, end: Infinity, session: "always" };
  }
  if (period !== undefined) {
    const tradedAt = as_of === null ? Infinity : Date.parse(as_of);
    return { ...spanOfPeriod(period, calendar, tradedAt, now), session: null };
  }
  // A session that was reported without hours holds until the calendar's next change.
  const reported = spanAt(hours, receivedAt);
  if (session === null || reported === null || now >= reported.end) {
    return { ...calendar, session: null };
  }
  return { ...reported, isOpen: session !== "closed", session };
}

/**
 * Determines the freshness of the last response of a source.
 *
 * A quote is stale after twice the interval, counted from the opening of its market at the earliest.
 */
export function freshnessOf(
  observation: Observation,
  context: FreshnessContext,
): Freshness {
  const { as_of, delay_s, period, receivedAt, newsAt } = observation;
  const { intervalMs, now } = context;
  const { isOpen, start, end, session } = currentSpan(observation, context);
  if (!isOpen) return { session: "closed", isStale: false, since: start, until: end };
  const isTraded = as_of === null || Date.parse(as_of) >= start;
  // A delayed source reports the first trade of a session late. Its silence until then is not a fault.
  const firstTradeAt = start + (delay_s === null ? 0 : delay_s * 1000 + intervalMs);
  // A source that reports hours, and that responded without a trade after the first trade was due, indicates a holiday.
  // A source without hours may be stuck, so its quote is stale.
  const silentAt = receivedAt + 2 * intervalMs;
  const isHoliday = period !== undefined && !isTraded && receivedAt >= firstTradeAt &&
    now < silentAt;
  if (isHoliday) {
    return { session: "closed", isStale: false, since: start, until: Math.min(end, silentAt) };
  }
  const newsFrom = Math.max(newsAt, isTraded ? start : firstTradeAt);
  const staleAt = Math.min(Math.max(receivedAt, start), newsFrom) + 2 * intervalMs;
  return now < staleAt
    ? { session: session ?? "open", isStale: false, since: start, until: Math.min(end, staleAt) }
    : { session: session ?? "open", isStale: true, since: staleAt, until: end };
}

/** Determines freshness by the clock of this isolate. */
export class FreshnessRules {
  /** Multiplies all intervals. It is above 1 in an isolate that polls less often. The poller sets it when it starts. */
  intervalFactor = 1;
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  readonly #spanAt: MarketHours;

  constructor(clock: Clock, instruments: Instruments, spanAt: MarketHours) {
    this.#clock = clock;
    this.#instruments = instruments;
    this.#spanAt = spanAt;
  }

  /** Determines the freshness of a reading of this isolate: now, or `lookBackMs` ago. */
  assessReading(reading: TrackedReading, intervalMs: number, lookBackMs = 0): Freshness {
    const now = this.#clock.now();
    const wallTimeOf = (elapsed: number) => now + elapsed - this.#clock.elapsed();
    const observation: Observation = {
      ...reading,
      receivedAt: wallTimeOf(reading.receivedElapsed),
      newsAt: wallTimeOf(reading.newsElapsed),
    };
    return this.#assess(observation, intervalMs, now - lookBackMs);
  }

  /** Determines the freshness of a quote that another isolate published. Only its wall times are available. */
  assessQuote(quote: Quote, intervalMs: number): Freshness {
    const receivedAt = Date.parse(quote.received_at);
    return this.#assess(
      { ...quote, receivedAt, newsAt: receivedAt },
      intervalMs,
      this.#clock.now(),
    );
  }

  /** Returns the time until the freshness of a reading changes, in ms. A change in the last `lookBackMs` counts. */
  msUntilChange(reading: TrackedReading, intervalMs: number, lookBackMs: number): number {
    return this.assessReading(reading, intervalMs, lookBackMs).until - this.#clock.now();
  }

  #assess(observation: Observation, intervalMs: number, now: number): Freshness {
    return freshnessOf(observation, {
      instruments: this.#instruments,
      spanAt: this.#spanAt,
      intervalMs: this.intervalFactor * intervalMs,
      now,
    });
  }
}
