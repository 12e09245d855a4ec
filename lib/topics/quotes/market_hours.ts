/**
 * The trading hours of markets, without holidays, which follow from the absence of trades.
 *
 * @module
 */
import { DAY_MS, HOUR_MS } from "../../core/time.ts";
import type { Quote } from "./quote.ts";

/** A period during which a market is open or closed, from `start` to `end` (exclusive): wall times in ms. */
export interface Span {
  readonly isOpen: boolean;
  readonly start: number;
  readonly end: number;
}

/** Returns the span of a market that contains a wall time in ms: null if the market is open round the clock. */
export type MarketHours = (marketClass: Quote["class"], ms: number) => Span | null;

/** The zone of the hours of all markets. */
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
  opensAfterMs: 18 * HOUR_MS,
  lastsMs: 23 * HOUR_MS,
};

const NEW_YORK_STOCKS: DailySession = {
  days: [1, 2, 3, 4, 5],
  opensAfterMs: 9.5 * HOUR_MS,
  lastsMs: 6.5 * HOUR_MS,
};

const DAILY_SESSIONS: Readonly<Record<Quote["class"], DailySession | null>> = {
  crypto: null,
  metals: ROUND_THE_WEEK,
  oil: ROUND_THE_WEEK,
  energy: ROUND_THE_WEEK,
  indices: NEW_YORK_STOCKS,
  equities: NEW_YORK_STOCKS,
  fx: ROUND_THE_WEEK,
  rates: ROUND_THE_WEEK,
  other: null,
};

/** Days before and after a time. They are more than any weekend, so that a session lies on either side. */
const DAYS_AROUND = 4;

/** The most cached spans. Each of the three classes needs the current span and that of a quote's receipt. */
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
  const cached: { readonly marketClass: Quote["class"]; readonly span: Span }[] = [];

  /** Converts a time to the local time, as ms that read as UTC. */
  function toLocal(ms: number): number {
    const parts = localTime.formatToParts(ms);
    const part = (type: string) =>
      Number(parts.find((candidate) => candidate.type === type)?.value);
    return Date.UTC(
      part("year"),
      part("month") - 1,
      part("day"),
      part("hour"),
      part("minute"),
      part("second"),
    );
  }

  /** Converts a local time back. No session begins or ends in the hour that a clock change skips. */
  function fromLocal(local: number): number {
    // New York is 5 hours behind UTC in winter. The second conversion corrects the guess for summer.
    const guess = local + 5 * HOUR_MS;
    return guess - (toLocal(guess) - local);
  }

  function sessionsAround(ms: number, { days, opensAfterMs, lastsMs }: DailySession): Span[] {
    const today = Math.floor(toLocal(ms) / DAY_MS);
    return Array.from(
      { length: 2 * DAYS_AROUND + 1 },
      (_, index) => (today - DAYS_AROUND + index) * DAY_MS,
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

  return (marketClass, ms) => {
    const session = DAILY_SESSIONS[marketClass];
    if (session === null) return null;
    const hit = cached.find((entry) =>
      entry.marketClass === marketClass && entry.span.start <= ms && ms < entry.span.end
    );
    if (hit !== undefined) return hit.span;
    const span = spanOf(ms, session);
    cached.unshift({ marketClass, span });
    cached.length = Math.min(cached.length, MAX_CACHED_SPANS);
    return span;
  };
}
