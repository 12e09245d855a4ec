/**
 * The freshness of a quote: the session of its market, the next opening, and its staleness.
 *
 * Ages are monotonic. A reading of this isolate has the monotonic time of its receipt. A quote from another isolate and the
 * time of the market (`as_of`) are wall times, so only these are compared by the wall clock.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../../core/time.ts";
import { instrumentOf, type Instruments } from "./instrument.ts";
import {
  type HoursName,
  type MarketHours,
  nextOpening,
  type Span,
  spanPartAt,
} from "./market_hours.ts";
import type { Provider, Reading } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";
import type { TrackedReading } from "./tracked_reading.ts";

/**
 * The longest time around an opening or a close for which trades do not contradict it. The last print of an index comes
 * minutes after the bell.
 */
const MAX_BELL_TOLERANCE_MS = 20 * MINUTE_MS;

/** The share of a session that the tolerance may take. The sessions of a demo may last seconds. */
const BELL_TOLERANCE_SHARE = 1 / 16;

/** Returns the time around the bell of a session for which trades do not contradict it, in ms. */
function bellToleranceOf({ start, end }: Pick<Span, "start" | "end">): number {
  return Math.min(MAX_BELL_TOLERANCE_MS, BELL_TOLERANCE_SHARE * (end - start));
}

/** The longest time for which an open market repeats a price, if only another price is news. */
const MAX_REPEATED_MS = 5 * MINUTE_MS;

/** The most sessions that may have ended since a closing price before it is stale. */
const MAX_CLOSE_AGE_SESSIONS = 5;

/** The same for oil and gas: the EIA publishes their spot prices once a week, two or three days after the last one. */
const MAX_WEEKLY_CLOSE_AGE_SESSIONS = 8;

/** The longest time without a trade that a closed market explains. The longest holidays of exchanges last eleven days. */
const MAX_QUIET_MS = 14 * DAY_MS;

/** The longest trading period that a source may report. Others are errors. */
const MAX_PERIOD_MS = 2 * DAY_MS;

/** The shortest period that is a calendar day, in which a session may go on at midnight. A day may have 23 hours. */
const MIN_WHOLE_DAY_MS = 22.5 * HOUR_MS;

/** The trading of US shares before and after a session, in ms. */
const PRE_MARKET_MS = 5.5 * HOUR_MS;
const AFTER_HOURS_MS = 4 * HOUR_MS;

/** The properties of a source that decide how long its prices are fresh. */
export type SourcePace = Pick<Provider, "intervalMs" | "isEndOfDay">;

/** The last response of a source about a symbol. */
export interface Observation
  extends Pick<Reading, "symbol" | "session" | "period" | "as_of" | "delay_s" | "isRepeated"> {
  /** Wall time of the last response, in ms. */
  readonly receivedAt: number;
  /** Wall time of the last news, in ms. */
  readonly newsAt: number;
}

/** The state of a quote at a time, if no further response arrives. Times are wall times in ms. */
export interface Freshness {
  readonly session: Quote["session"];
  /** True if nothing new arrived for twice the interval in an open market, or if a closing price is old. */
  readonly isStale: boolean;
  /** The time at which a market opens that is not open: null if it is open, or if the time is unknown. */
  readonly nextOpenAt: number | null;
  /** The time at which this state began. */
  readonly since: number;
  /** The time at which this state ends: Infinity if it never ends. */
  readonly until: number;
}

/** The conditions under which freshness is determined. */
export interface FreshnessContext {
  readonly instruments: Instruments;
  readonly spanAt: MarketHours;
  readonly pace: SourcePace;
  /** Wall time in ms. */
  readonly now: number;
}

/** The current span of a market, as its calendar and its source have it. */
interface CurrentSpan extends Span {
  /** The session that the source reports, or that its trades prove: null if neither. */
  readonly session: Quote["session"] | null;
}

/** The span of a market that never closes. */
const ENDLESS: Span = { isOpen: true, start: -Infinity, end: Infinity };

/** A span that is open or closed throughout has no session of its own. */
const withoutSession = (span: Span): CurrentSpan => ({ ...span, session: null });

/**
 * Applies the trading hours that a source reported. The calendar applies after their end, and also if trades contradict
 * them: Yahoo reports the whole day of a future, although trading pauses at 17:00 and goes on at midnight.
 *
 * @param tradedAt The time of the last trade.
 */
function spanOfPeriod(
  period: Omit<Span, "isOpen">,
  calendar: Span,
  tradedAt: number,
  now: number,
): Span {
  const { start, end } = period;
  const toleranceMs = bellToleranceOf(period);
  if (now < start) {
    const opensAt = calendar.isOpen ? start : Math.min(start, calendar.end);
    return { isOpen: false, start: -Infinity, end: opensAt };
  }
  if (now < end) {
    const isQuiet = !calendar.isOpen && tradedAt <= calendar.start + toleranceMs;
    if (isQuiet) return calendar;
    // After a pause or a break, silence counts from the calendar's opening.
    return { isOpen: true, start: calendar.isOpen ? Math.max(start, calendar.start) : start, end };
  }
  const isOver = calendar.isOpen && calendar.start < end && tradedAt <= end + toleranceMs &&
    end - start < MIN_WHOLE_DAY_MS;
  return isOver ? { isOpen: false, start: end, end: calendar.end } : calendar;
}

/** Returns the span of extended trading in a closed span of US shares, if its trades prove it. */
function extendedSpan({ start, end }: Span, tradedAt: number, now: number): CurrentSpan | null {
  const postEnd = Math.min(start + AFTER_HOURS_MS, end);
  if (now < postEnd && tradedAt > start + MAX_BELL_TOLERANCE_MS) {
    return { isOpen: true, start, end: postEnd, session: "post" };
  }
  const preStart = end - PRE_MARKET_MS;
  return now >= preStart && tradedAt >= preStart
    ? { isOpen: true, start: preStart, end, session: "pre" }
    : null;
}

/** Tests if trading hours may be those of a market. */
function isTradingPeriod({ start, end }: Pick<Span, "start" | "end">): boolean {
  return start < end && end - start <= MAX_PERIOD_MS;
}

/** Returns the current span of a market. What the source reports takes precedence over the calendar. */
function currentSpan(
  observation: Observation,
  { instruments, spanAt, now }: FreshnessContext,
): CurrentSpan {
  const { symbol, session, period, as_of, delay_s, receivedAt } = observation;
  const { hours, class: quoteClass } = instrumentOf(instruments, symbol);
  const span = spanAt(hours, now);
  if (span === null) return { ...ENDLESS, session: session === "halted" ? session : "always" };
  const calendar = spanPartAt(span, now);
  const tradedAt = as_of === null ? Infinity : Date.parse(as_of);
  if (period !== undefined && isTradingPeriod(period)) {
    // On a Sunday evening a source may report the hours of Monday already. Recent trades contradict them, unless the
    // sessions are those of a demo, which are so short that all trades are recent.
    const isEarly = now < period.start && calendar.isOpen && tradedAt >= calendar.start &&
      now - tradedAt <= MAX_BELL_TOLERANCE_MS + (delay_s ?? 0) * 1000 &&
      period.end - period.start >= HOUR_MS;
    return withoutSession(isEarly ? calendar : spanOfPeriod(period, calendar, tradedAt, now));
  }
  // A session that was reported without hours holds until the calendar's next change.
  const reported = spanAt(hours, receivedAt);
  if (session !== null && reported !== null && now < reported.end) {
    return { ...reported, isOpen: session !== "closed", session };
  }
  const isExtended = quoteClass === "equities" && hours === "nyse" && !calendar.isOpen &&
    as_of !== null;
  return (isExtended ? extendedSpan(calendar, tradedAt, now) : null) ?? withoutSession(calendar);
}

/**
 * Returns the close of the day that contains the market time of a closing price: wall time in ms. A source that states only
 * a date sends the beginning of this day in UTC.
 */
function closeTimeOf(as_of: string, spanAt: (ms: number) => Span | null): number {
  const tradedAt = Date.parse(as_of);
  if (tradedAt % DAY_MS !== 0) return tradedAt;
  const noon = spanAt(tradedAt + DAY_MS / 2);
  if (noon === null) return tradedAt + DAY_MS;
  const closes = noon.isOpen ? [noon.end] : [noon.start, spanAt(noon.end)?.end ?? noon.end];
  return closes.find((close) => close > tradedAt && close <= tradedAt + DAY_MS) ??
    tradedAt + DAY_MS;
}

/** Returns the time at which a closing price is stale: the end of the session after the last one that it may miss. */
function staleTimeOf(
  closedAt: number,
  quoteClass: Quote["class"],
  spanAt: (ms: number) => Span | null,
): number {
  const isWeekly = quoteClass === "oil" || quoteClass === "energy";
  const maxSessions = isWeekly ? MAX_WEEKLY_CLOSE_AGE_SESSIONS : MAX_CLOSE_AGE_SESSIONS;
  let time = closedAt;
  for (let session = 0; session <= maxSessions; session++) {
    const span = spanAt(time);
    if (span === null) time += DAY_MS;
    else time = span.isOpen ? span.end : spanAt(span.end)?.end ?? span.end;
  }
  return time;
}

/** Determines the freshness of a closing price. Its age in sessions decides, since the source has no price of today. */
function freshnessOfClose(
  { symbol, as_of, receivedAt }: Observation,
  { instruments, spanAt, now }: FreshnessContext,
): Freshness {
  const { hours, class: quoteClass } = instrumentOf(instruments, symbol);
  const symbolSpanAt = (ms: number) => spanAt(hours, ms);
  const { isOpen, end } = spanAt(hours, now) ?? { isOpen: true, end: Infinity };
  const closedAt = as_of === null ? receivedAt : closeTimeOf(as_of, symbolSpanAt);
  const staleAt = staleTimeOf(closedAt, quoteClass, symbolSpanAt);
  const isStale = now >= staleAt;
  return {
    session: "closed",
    isStale,
    nextOpenAt: isOpen ? null : end,
    since: isStale ? staleAt : closedAt,
    until: isStale ? end : Math.min(end, staleAt),
  };
}

/** Returns the opening of a market that is not open: the end of its current span, or of the next one that is closed. */
function nextOpeningAfter(
  hours: HoursName,
  end: number,
  { spanAt, now }: FreshnessContext,
): number | null {
  const calendar = spanAt(hours, now);
  // A source may report that the session of today begins late.
  if (calendar?.isOpen === true && end < calendar.end) return end;
  return calendar === null ? null : nextOpening((ms) => spanAt(hours, ms), calendar);
}

/**
 * Returns the freshness of a market that is closed, from `start` to `end`. No closure explains that a share has not been traded
 * for weeks: it is delisted, or its source stands still.
 */
function freshnessOfClosed(
  { symbol, as_of }: Observation,
  { start, end }: Pick<Span, "start" | "end">,
  context: FreshnessContext,
): Freshness {
  const { hours } = instrumentOf(context.instruments, symbol);
  const nextOpenAt = nextOpeningAfter(hours, end, context);
  const staleAt = as_of === null ? Infinity : Date.parse(as_of) + MAX_QUIET_MS;
  return context.now < staleAt
    ? { session: "closed", isStale: false, nextOpenAt, since: start, until: Math.min(end, staleAt) }
    : { session: "closed", isStale: true, nextOpenAt, since: Math.max(start, staleAt), until: end };
}

/**
 * Determines the freshness of the last response of a source.
 *
 * A quote is stale after twice the interval, counted from the opening of its market at the earliest. A closing price is stale
 * by its age in sessions.
 */
export function freshnessOf(
  observation: Observation,
  context: FreshnessContext,
): Freshness {
  const { symbol, as_of, delay_s, period, receivedAt, newsAt, isRepeated } = observation;
  const { instruments, pace: { intervalMs, isEndOfDay }, now } = context;
  if (isEndOfDay === true) return freshnessOfClose(observation, context);
  const { isOpen, start, end, session } = currentSpan(observation, context);
  const { hours } = instrumentOf(instruments, symbol);
  if (!isOpen) return freshnessOfClosed(observation, { start, end }, context);
  const silentAt = receivedAt + 2 * intervalMs;
  const isTraded = as_of === null || Date.parse(as_of) >= start - bellToleranceOf({ start, end });
  // A delayed source reports the first trade of a session late. Its silence until then is not a fault.
  const firstTradeAt = start + (delay_s === null ? 0 : delay_s * 1000 + intervalMs);
  // A source that reports hours, and that responded without a trade after the first trade was due, indicates a holiday.
  // A source without hours may be stuck, so its quote is stale.
  const isHoliday = period !== undefined && !isTraded && receivedAt >= firstTradeAt &&
    now < silentAt;
  if (isHoliday) {
    const closed = freshnessOfClosed(observation, { start, end }, context);
    return { ...closed, until: Math.min(closed.until, silentAt) };
  }
  const isRegular = session === null || session === "open" || session === "always";
  const nextOpenAt = session === "pre" || session === "post"
    ? nextOpeningAfter(hours, end, context)
    : null;
  const newsFrom = Math.max(newsAt, isTraded ? start : firstTradeAt) +
    (isRepeated === true ? MAX_REPEATED_MS : 0);
  const heardAt = Math.max(receivedAt, start);
  // Outside regular trading there may be no trade for long, so only a missing response counts as silence.
  const staleAt = (isRegular ? Math.min(heardAt, newsFrom) : heardAt) + 2 * intervalMs;
  const isStale = now >= staleAt;
  return {
    session: session ?? "open",
    isStale,
    nextOpenAt,
    since: isStale ? staleAt : start,
    until: isStale ? end : Math.min(end, staleAt),
  };
}

/** Determines freshness by the clock of this isolate. */
export class FreshnessRules {
  /** Multiplies all intervals. It is above 1 in an isolate that polls less often. The poller sets it when it starts. */
  intervalFactor = 1;
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  readonly #spanAt: MarketHours;
  /** The receipt of the latest quote of other isolates by symbol, and the monotonic time at which it became known here. */
  readonly #seen = new Map<string, { readonly receivedAt: string; readonly elapsed: number }>();

  constructor(clock: Clock, instruments: Instruments, spanAt: MarketHours) {
    this.#clock = clock;
    this.#instruments = instruments;
    this.#spanAt = spanAt;
  }

  /** Determines the freshness of a reading of this isolate: now, or `lookBackMs` ago. */
  assessReading(reading: TrackedReading, pace: SourcePace, lookBackMs = 0): Freshness {
    const now = this.#clock.now();
    const wallTimeOf = (elapsed: number) => now + elapsed - this.#clock.elapsed();
    const observation: Observation = {
      ...reading,
      receivedAt: wallTimeOf(reading.receivedElapsed),
      newsAt: wallTimeOf(reading.newsElapsed),
    };
    return this.#assess(observation, pace, now - lookBackMs);
  }

  /**
   * Determines the freshness of a quote that another isolate published. Its wall times are available, and the time for
   * which it has been known here: the clock of the other isolate may be ahead.
   */
  assessQuote(quote: Quote, pace: SourcePace): Freshness {
    const clock = this.#clock;
    const seen = this.#seen.get(quote.symbol);
    const isSeen = seen?.receivedAt === quote.received_at;
    const seenElapsed = isSeen ? seen.elapsed : clock.elapsed();
    if (!isSeen) {
      this.#seen.set(quote.symbol, { receivedAt: quote.received_at, elapsed: seenElapsed });
    }
    const now = clock.now();
    const knownMs = clock.elapsed() - seenElapsed;
    const receivedAt = Math.min(Date.parse(quote.received_at), now - knownMs);
    return this.#assess({ ...quote, receivedAt, newsAt: receivedAt }, pace, now);
  }

  /** Returns the time until the freshness of a reading changes, in ms. A change in the last `lookBackMs` counts. */
  msUntilChange(reading: TrackedReading, pace: SourcePace, lookBackMs: number): number {
    return this.assessReading(reading, pace, lookBackMs).until - this.#clock.now();
  }

  /** Returns the market time of a reading. That of a closing price whose source states only a date is the close of this day. */
  marketTimeOf({ symbol, as_of, received_at }: Reading, pace: SourcePace): string | null {
    if (as_of === null || pace.isEndOfDay !== true) return as_of;
    const { hours } = instrumentOf(this.#instruments, symbol);
    const closedAt = isoTime(closeTimeOf(as_of, (ms) => this.#spanAt(hours, ms)));
    return closedAt <= received_at ? closedAt : as_of;
  }

  #assess(observation: Observation, pace: SourcePace, now: number): Freshness {
    return freshnessOf(observation, {
      instruments: this.#instruments,
      spanAt: this.#spanAt,
      pace: { ...pace, intervalMs: this.intervalFactor * pace.intervalMs },
      now,
    });
  }
}
