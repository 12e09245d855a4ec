/**
 * The trading hours of the simulated markets. Their days may be shorter than 24 hours.
 *
 * @module
 */
import { HOUR_MS } from "../core/time.ts";

const DAY_H = 24;

/** The stocks' close, in New York's hours: the demo begins shortly before it. */
const CLOSE_H = 16;

/** The demo begins this long before the close: in real time, and in the market's hours, whichever is less. */
const LEAD = { realMs: 60_000, hours: 6 };

/** A market's hours, counted from midnight in New York. Every day is a trading day. */
export interface TradingHours {
  /** The hour from which answers describe this day instead of the one before. */
  readonly begins: number;
  readonly pre: number;
  readonly opens: number;
  readonly closes: number;
  readonly post: number;
}

/** The hours of stocks, and so of indices. */
export const STOCK_HOURS: TradingHours = { begins: 0, pre: 4, opens: 9.5, closes: 16, post: 20 };

/** The hours of futures, from the evening before. They rest for 4 hours, not for 1 as the real ones, so the rest is visible. */
export const FUTURES_HOURS: TradingHours = { begins: -5, pre: -3, opens: -3, closes: 17, post: 17 };

/** A period from `start` to `end` (exclusive), in milliseconds since the epoch. */
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

/** The days of a market. Times are in milliseconds since the epoch. */
export interface Calendar {
  /** Returns the day that began last. */
  today(ms: number): TradingDay;
  /** Returns the day that opened last. */
  session(ms: number): TradingDay;
  /** Returns the day before that one. */
  sessionBefore(ms: number): TradingDay;
  /** Returns the time of the last trade: now, or the last close. */
  lastTrade(ms: number): number;
}

/** The pace of the demo's days. */
export interface DemoPace {
  /** The start of the demo, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The number of market days in a real day. */
  readonly speed: number;
}

/** Creates the calendar of a market. */
export function createCalendar(
  { begins, pre, opens, closes, post }: TradingHours,
  { startedAt, speed }: DemoPace,
): Calendar {
  const hourMs = HOUR_MS / speed;
  const midnight = startedAt + Math.min(LEAD.realMs, LEAD.hours * hourMs) - CLOSE_H * hourMs;

  function dayOf(number: number): TradingDay {
    const at = (hour: number) => midnight + (number * DAY_H + hour) * hourMs;
    return {
      pre: { start: at(pre), end: at(opens) },
      regular: { start: at(opens), end: at(closes) },
      post: { start: at(closes), end: at(post) },
    };
  }

  /** Returns the number of the last day whose `hour` has come. */
  function numberOf(ms: number, hour: number): number {
    return Math.floor(((ms - midnight) / hourMs - hour) / DAY_H);
  }

  const session = (ms: number) => dayOf(numberOf(ms, opens));
  return {
    today: (ms) => dayOf(numberOf(ms, begins)),
    session,
    sessionBefore: (ms) => dayOf(numberOf(ms, opens) - 1),
    lastTrade: (ms) => Math.min(ms, session(ms).regular.end),
  };
}
