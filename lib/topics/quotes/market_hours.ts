/**
 * The trading hours of markets, without holidays: those follow from the absence of trades.
 *
 * @module
 */
import type { Quote } from "./quote.ts";

/** A time in which a market is open, or closed: from `start` up to `end`, wall time in ms. */
export interface Span {
  readonly isOpen: boolean;
  readonly start: number;
  readonly end: number;
}

/** Returns the span that contains a time: null if the market is open round the clock. */
export type MarketHours = (kind: Quote["class"], ms: number) => Span | null;

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;

/** All markets keep the hours of New York. */
const MARKET_ZONE = "America/New_York";

/** A daily session: its weekdays (0 is Sunday), its opening after midnight, and its length, in local time. */
interface DailySession {
  readonly days: readonly number[];
  readonly opensAfterMs: number;
  readonly lastsMs: number;
}

/** Sunday 18:00 to Friday 17:00, with a break from 17:00 to 18:00 every day. */
const ROUND_THE_WEEK: DailySession = {
  days: [0, 1, 2, 3, 4],
  opensAfterMs: 18 * MS_PER_HOUR,
  lastsMs: 23 * MS_PER_HOUR,
};

const SESSION_OF: Readonly<Record<Quote["class"], DailySession | null>> = {
  crypto: null,
  metals: ROUND_THE_WEEK,
  oil: ROUND_THE_WEEK,
  indices: { days: [1, 2, 3, 4, 5], opensAfterMs: 9.5 * MS_PER_HOUR, lastsMs: 6.5 * MS_PER_HOUR },
};

/** Days to either side of a time, more than any weekend, so that there is a session on both sides. */
const DAYS_AROUND = 4;

/** Cached spans: for each class the current one and one of a quote's receipt, and some more. */
const MAX_CACHED_SPANS = 16;

/** Creates the calendar of all markets. */
export function createMarketHours(): MarketHours {
  const localTime = new Intl.DateTimeFormat("en-US", {
    timeZone: MARKET_ZONE,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const cached: { readonly kind: Quote["class"]; readonly span: Span }[] = [];

  /** Converts a time to local time, written as if it were UTC. */
  function toLocal(ms: number): number {
    const parts = localTime.formatToParts(ms);
    const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
    return Date.UTC(
      part("year"),
      part("month") - 1,
      part("day"),
      part("hour"),
      part("minute"),
      part("second"),
    );
  }

  /** Converts local time back. No session begins or ends in the hour that a clock change skips. */
  function fromLocal(local: number): number {
    const guess = local + 5 * MS_PER_HOUR;
    return guess - (toLocal(guess) - local);
  }

  function sessionsAround(ms: number, { days, opensAfterMs, lastsMs }: DailySession): Span[] {
    const today = Math.floor(toLocal(ms) / MS_PER_DAY);
    return Array.from(
      { length: 2 * DAYS_AROUND + 1 },
      (_, n) => (today - DAYS_AROUND + n) * MS_PER_DAY,
    )
      .filter((day) => days.includes(new Date(day).getUTCDay()))
      .map((day) => ({
        isOpen: true,
        start: fromLocal(day + opensAfterMs),
        end: fromLocal(day + opensAfterMs + lastsMs),
      }));
  }

  function spanOf(ms: number, session: DailySession): Span {
    const sessions = sessionsAround(ms, session);
    const open = sessions.find(({ start, end }) => start <= ms && ms < end);
    return open ?? {
      isOpen: false,
      start: Math.max(...sessions.map(({ end }) => end).filter((end) => end <= ms)),
      end: Math.min(...sessions.map(({ start }) => start).filter((start) => start > ms)),
    };
  }

  return (kind, ms) => {
    const session = SESSION_OF[kind];
    if (session === null) return null;
    const known = cached.find((each) =>
      each.kind === kind && each.span.start <= ms && ms < each.span.end
    );
    if (known !== undefined) return known.span;
    const span = spanOf(ms, session);
    cached.unshift({ kind, span });
    cached.length = Math.min(cached.length, MAX_CACHED_SPANS);
    return span;
  };
}
