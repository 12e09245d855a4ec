/**
 * Freshness: whether a market is open, and whether a quote is stale.
 *
 * Ages are monotonic. A reading of this isolate carries the monotonic time of its receipt. A quote from another isolate
 * carries wall times only, and so does the market's own time (`as_of`): only these are compared by the wall clock.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { instrumentOf } from "./instruments.ts";
import type { MarketHours, Span } from "./market_hours.ts";
import type { Reading } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";

/** A reading whose freshness is tracked from one answer of its source to the next. */
export interface TrackedReading extends Reading {
  /** Monotonic time from which its source counts as silent if it has no news. */
  readonly newsElapsed: number;
}

/** The age of what a source said when it answered, in ms, beyond its own delay and one poll. Zero is as good as new. */
function lagOf({ as_of, delay_s, received_at }: Reading, intervalMs: number): number {
  if (as_of === null) return 0;
  const expectedMs = (delay_s ?? 0) * 1000 + intervalMs;
  return Math.max(0, Date.parse(received_at) - Date.parse(as_of) - expectedMs);
}

/**
 * Tracks the freshness of a reading. An answer with the same market time as before is no news, and a price that is old
 * when it arrives is no fresher than its market time.
 *
 * @param before The previous reading of the same source.
 */
export function track(
  reading: Reading,
  before: TrackedReading | undefined,
  intervalMs: number,
): TrackedReading {
  const { as_of, receivedElapsed } = reading;
  if (as_of !== null && as_of === before?.as_of) {
    return { ...reading, newsElapsed: before.newsElapsed };
  }
  let lagMs = lagOf(reading, intervalMs);
  if (lagMs > 0 && as_of !== null && before !== undefined && before.as_of !== null) {
    // The wall clock may have been set: the lag also follows from the market's progress since the previous reading.
    const lagBeforeMs = before.receivedElapsed - before.newsElapsed;
    const progressMs = Date.parse(as_of) - Date.parse(before.as_of);
    const passedMs = receivedElapsed - before.receivedElapsed;
    lagMs = Math.min(lagMs, Math.max(0, lagBeforeMs + passedMs - progressMs));
  }
  return { ...reading, newsElapsed: receivedElapsed - lagMs };
}

/** The last answer of a source about a symbol, as the rules see it. */
export interface Observation
  extends Pick<Reading, "symbol" | "session" | "period" | "as_of" | "delay_s"> {
  /** Wall time of the last answer, in ms. */
  readonly receivedAt: number;
  /** Wall time of the last news, in ms. */
  readonly newsAt: number;
}

/** The state of a quote at a time, if no further answer arrives. Times are wall times in ms. */
export interface Freshness {
  readonly session: Quote["session"];
  /** True if nothing new arrived for twice the interval in an open market. */
  readonly isStale: boolean;
  /** The time at which this state began. */
  readonly since: number;
  /** The time at which this state ends: Infinity if it does not. */
  readonly until: number;
}

/** A span, and the session that the source reported for it. */
interface ReportedSpan extends Span {
  readonly session: Quote["session"] | null;
}

/**
 * Applies the trading hours that a source reported. The calendar takes over after their end, and also where trades
 * contradict them: Yahoo reports the day of a future until midnight, though trading ends at 17:00.
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
function currentSpan(spanAt: MarketHours, observation: Observation, now: number): ReportedSpan {
  const { symbol, session, period, as_of, receivedAt } = observation;
  const kind = instrumentOf(symbol).class;
  const calendar = spanAt(kind, now);
  if (calendar === null) {
    return { isOpen: true, start: -Infinity, end: Infinity, session: "always" };
  }
  if (period !== undefined) {
    const tradedAt = as_of === null ? Infinity : Date.parse(as_of);
    return { ...spanOfPeriod(period, calendar, tradedAt, now), session: null };
  }
  // A session that was reported without hours holds until the calendar's next change.
  const then = spanAt(kind, receivedAt);
  if (session === null || then === null || now >= then.end) return { ...calendar, session: null };
  return { ...then, isOpen: session !== "closed", session };
}

/**
 * Determines the freshness of the last answer of a source.
 *
 * @param intervalMs The poll interval of the source. A quote is stale after twice as long, counted from the opening of
 * its market at the earliest.
 */
export function freshnessOf(
  spanAt: MarketHours,
  observation: Observation,
  intervalMs: number,
  now: number,
): Freshness {
  const { as_of, delay_s, period, receivedAt, newsAt } = observation;
  const { isOpen, start, end, session } = currentSpan(spanAt, observation, now);
  if (!isOpen) return { session: "closed", isStale: false, since: start, until: end };
  const isTraded = as_of === null || Date.parse(as_of) >= start;
  // A delayed source reports the first trade of a session late: until then its silence means nothing.
  const firstTradeAt = start + (delay_s === null ? 0 : delay_s * 1000 + intervalMs);
  // A source that reports hours, and answered since the first trade was due without one, reports a holiday. A source
  // without hours may as well be stuck: that is stale.
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
  /** Multiplies all intervals: 4 in an isolate that polls for itself alone, and therefore less often. */
  intervalFactor = 1;
  readonly #clock: Clock;
  readonly #spanAt: MarketHours;

  constructor(clock: Clock, spanAt: MarketHours) {
    this.#clock = clock;
    this.#spanAt = spanAt;
  }

  /** Determines the freshness of a reading of this isolate, `agoMs` before now. */
  ofReading(reading: TrackedReading, intervalMs: number, agoMs = 0): Freshness {
    const now = this.#clock.now();
    const wallTimeOf = (elapsed: number) => now + elapsed - this.#clock.elapsed();
    const observation: Observation = {
      ...reading,
      receivedAt: wallTimeOf(reading.receivedElapsed),
      newsAt: wallTimeOf(reading.newsElapsed),
    };
    return this.#of(observation, intervalMs, now - agoMs);
  }

  /** Determines the freshness of a quote that another isolate published: by wall time, since it carries no other. */
  ofQuote(quote: Quote, intervalMs: number): Freshness {
    const receivedAt = Date.parse(quote.received_at);
    return this.#of({ ...quote, receivedAt, newsAt: receivedAt }, intervalMs, this.#clock.now());
  }

  /** Returns the time until a reading's freshness changes by itself, in ms: the first change since `agoMs` ago. */
  changesInMs(reading: TrackedReading, intervalMs: number, agoMs: number): number {
    return this.ofReading(reading, intervalMs, agoMs).until - this.#clock.now();
  }

  #of(observation: Observation, intervalMs: number, at: number): Freshness {
    return freshnessOf(this.#spanAt, observation, this.intervalFactor * intervalMs, at);
  }
}
