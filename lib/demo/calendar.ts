/**
 * The trading hours of the simulated markets. Their days may be shorter than 24 hours.
 *
 * @module
 */
import { HOUR_MS } from "../core/time.ts";

const DAY_H = 24;

/** The close of stocks, in hours of New York. The demo begins shortly before it. */
const CLOSE_H = 16;

/** The time from the start of the demo to the close: the shorter of a real time and a time in market hours. */
const LEAD = { realMs: 60_000, marketH: 6 };

/** The times of a trading day, in hours after midnight in New York. Every day is a trading day. */
export interface TradingHours {
  /** The hour from which responses describe this day instead of the previous one. */
  readonly beginH: number;
  /** The beginning of pre-market trading. */
  readonly preH: number;
  readonly openH: number;
  readonly closeH: number;
  /** The end of post-market trading. */
  readonly postH: number;
}

/** The hours of stocks, and therefore of indices. */
export const STOCK_HOURS: TradingHours = {
  beginH: 0,
  preH: 4,
  openH: 9.5,
  closeH: CLOSE_H,
  postH: 20,
};

/**
 * The hours of futures, from the previous evening. The break lasts 4 hours instead of the real 1 hour, so that it is
 * visible when days are short.
 */
export const FUTURES_HOURS: TradingHours = {
  beginH: -5,
  preH: -3,
  openH: -3,
  closeH: 17,
  postH: 17,
};

/** A period from `start` to `end` (exclusive): wall times in ms. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** The periods of one day. */
export interface TradingDay {
  readonly pre: Period;
  readonly regular: Period;
  readonly post: Period;
}

/** The days of a market. All times are wall times in ms. */
export interface Calendar {
  /** Returns the latest day that has begun. */
  dayAt(ms: number): TradingDay;
  /** Returns the latest day whose market has opened. */
  sessionAt(ms: number): TradingDay;
  /** Returns the day before {@linkcode Calendar.sessionAt}. */
  previousSessionAt(ms: number): TradingDay;
  /** Returns the time of the last trade: `ms` in an open market, else the last close. */
  lastTradeAt(ms: number): number;
}

/** The pace of the demo's days. */
export interface DemoPace {
  /** The start of the demo: wall time in ms. */
  readonly startedAt: number;
  /** The number of market days in a real day. */
  readonly speed: number;
}

/** Creates the calendar of a market. */
export function createCalendar(
  { beginH, preH, openH, closeH, postH }: TradingHours,
  { startedAt, speed }: DemoPace,
): Calendar {
  const hourMs = HOUR_MS / speed;
  const midnight = startedAt + Math.min(LEAD.realMs, LEAD.marketH * hourMs) - CLOSE_H * hourMs;

  function tradingDay(dayNumber: number): TradingDay {
    const timeOf = (hour: number) => midnight + (dayNumber * DAY_H + hour) * hourMs;
    return {
      pre: { start: timeOf(preH), end: timeOf(openH) },
      regular: { start: timeOf(openH), end: timeOf(closeH) },
      post: { start: timeOf(closeH), end: timeOf(postH) },
    };
  }

  /** Returns the number of the latest day that has reached an hour. Day 0 is the day on which the demo starts. */
  function dayNumberAt(ms: number, hour: number): number {
    return Math.floor(((ms - midnight) / hourMs - hour) / DAY_H);
  }

  const sessionAt = (ms: number) => tradingDay(dayNumberAt(ms, openH));
  return {
    dayAt: (ms) => tradingDay(dayNumberAt(ms, beginH)),
    sessionAt,
    previousSessionAt: (ms) => tradingDay(dayNumberAt(ms, openH) - 1),
    lastTradeAt: (ms) => Math.min(ms, sessionAt(ms).regular.end),
  };
}
