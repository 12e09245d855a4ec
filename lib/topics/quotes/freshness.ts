/**
 * Whether a market is open, and when silence means that a quote is stale.
 *
 * @module
 */
import type { Span, SpanAt } from "./market_hours.ts";
import type { Reading } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";
import { instrumentOf } from "./instruments.ts";

/** What is looked at: a reading of ours, or a quote that was read from the log. */
export interface Heard
  extends Pick<Reading, "symbol" | "session" | "period" | "as_of" | "received_at" | "delay_s"> {
  /** When the first answer with this time of the market came, in ms since the epoch: `received_at` where it is not said. */
  readonly newsAt?: number;
}

/** A reading, and since when its source says that. */
export interface Held extends Reading {
  readonly newsAt: number;
}

/**
 * A source that says the same again, with the same time, was heard, but is no fresher. And what is old when it comes, beyond
 * the delay that is told and a poll, is no newer than it says.
 *
 * @param held What it said before.
 */
export function hold(reading: Reading, held: Held | undefined, intervalMs: number): Held {
  const { as_of, delay_s, received_at } = reading;
  if (as_of !== null && as_of === held?.as_of) return { ...reading, newsAt: held.newsAt };
  const heardAt = Date.parse(received_at);
  const knownAt = as_of === null ? heardAt : Date.parse(as_of) + (delay_s ?? 0) * 1000 + intervalMs;
  return { ...reading, newsAt: Math.min(heardAt, knownAt) };
}

/** How a quote stands at a time, if nothing more is heard. */
export interface Freshness {
  readonly session: Quote["session"];
  /** Nothing came for twice the interval, in an open market. */
  readonly isStale: boolean;
  /** Since when it stands so, in ms since the epoch. */
  readonly since: number;
  /** When that will change. Infinity where it will not. */
  readonly until: number;
}

/** Told without hours, a session holds until our calendar knows of a change. */
interface Told extends Span {
  readonly session: Quote["session"] | null;
}

const OPEN_SINCE_EVER: Told = {
  isOpen: true,
  start: -Infinity,
  end: Infinity,
  session: "always",
};

/**
 * Hours told by the provider. After their end our calendar goes on, with the next session that begins, and so it does
 * where trades bear it out: Yahoo's day of a future goes to midnight, though trade ends at 17:00.
 *
 * @param tradedAt When it was last traded.
 */
function byPeriod({ start, end }: Span, calendar: Span, tradedAt: number, now: number): Span {
  if (now < start) return { isOpen: false, start: -Infinity, end: start };
  if (now < end) {
    const isQuiet = !calendar.isOpen && tradedAt <= calendar.start;
    return isQuiet ? calendar : { isOpen: true, start, end };
  }
  const isOver = calendar.isOpen && calendar.start < end && tradedAt <= end;
  return isOver ? { isOpen: false, start: end, end: calendar.end } : calendar;
}

/** What the body says wins over our calendar. */
function spanOf(spanAt: SpanAt, heard: Heard, now: number): Told {
  const { symbol, session, period, as_of, received_at } = heard;
  const kind = instrumentOf(symbol).class;
  const calendar = spanAt(kind, now);
  if (calendar === null) return { ...OPEN_SINCE_EVER, session };
  if (period !== undefined) {
    const tradedAt = as_of === null ? Infinity : Date.parse(as_of);
    return { ...byPeriod({ ...period, isOpen: true }, calendar, tradedAt, now), session: null };
  }
  const then = spanAt(kind, Date.parse(received_at));
  if (session === null || then === null || now >= then.end) return { ...calendar, session: null };
  return { ...then, isOpen: session !== "closed", session };
}

/**
 * Judges by what was last heard.
 *
 * @param intervalMs How often its provider is asked: it is stale after twice as long, counted from the opening at the
 * earliest.
 */
export function freshnessOf(
  spanAt: SpanAt,
  heard: Heard,
  intervalMs: number,
  now: number,
): Freshness {
  const { isOpen, start, end, session: told } = spanOf(spanAt, heard, now);
  if (!isOpen) return { session: "closed", isStale: false, since: start, until: end };
  const heardAt = Date.parse(heard.received_at);
  const isTraded = heard.as_of === null || Date.parse(heard.as_of) >= start;
  // Who tells prices late tells the first trade of a session late: until then nothing is known of it.
  const knownFrom = start + (heard.delay_s === null ? 0 : heard.delay_s * 1000 + intervalMs);
  // A holiday: it was heard since the session began, and of no trade since then. Silence is no such news, and who tells no
  // hours may as well be stuck: that is stale.
  const quietUntil = heardAt + 2 * intervalMs;
  const isHoliday = heard.period !== undefined && !isTraded && heardAt >= knownFrom &&
    now < quietUntil;
  if (isHoliday) {
    return { session: "closed", isStale: false, since: start, until: Math.min(end, quietUntil) };
  }
  // It may be silent, or answer and say nothing new.
  const unheardAt = Math.max(heardAt, start);
  const noNewsAt = Math.max(heard.newsAt ?? heardAt, isTraded ? start : knownFrom);
  const silentAt = Math.min(unheardAt, noNewsAt) + 2 * intervalMs;
  const session = told ?? "open";
  return now < silentAt
    ? { session, isStale: false, since: start, until: Math.min(end, silentAt) }
    : { session, isStale: true, since: silentAt, until: end };
}
