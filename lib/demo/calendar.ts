/**
 * When the simulated markets trade: days that may be shorter than the sun's.
 *
 * @module
 */

const HOUR_MS = 3_600_000;
const DAY_H = 24;

/** The stocks' close, in New York's hours: the demo begins shortly before it. */
const CLOSE_H = 16;

/** The demo begins this long before the close: in real time, and in the market's hours, whichever is less. */
const LEAD = { realMs: 60_000, hours: 6 };

/** A market's hours, counted from midnight in New York. Every day is a trading day. */
export interface TradingHours {
  /** From then on the day is told, and no longer the one before. */
  readonly begins: number;
  readonly pre: number;
  readonly opens: number;
  readonly closes: number;
  readonly post: number;
}

/** Of stocks, and so of indices. */
export const STOCK_HOURS: TradingHours = { begins: 0, pre: 4, opens: 9.5, closes: 16, post: 20 };

/** Of futures: from the evening before. They rest 4 hours, not 1 as the real ones, so that it can be seen. */
export const FUTURES_HOURS: TradingHours = { begins: -5, pre: -3, opens: -3, closes: 17, post: 17 };

/** From `start` up to, and without, `end`, in milliseconds since the epoch. */
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

/** What a market's days are at a time, in milliseconds since the epoch. */
export interface Calendar {
  /** The day that has begun last. */
  today(ms: number): TradingDay;
  /** The day that has opened last. */
  session(ms: number): TradingDay;
  /** The day before that one. */
  sessionBefore(ms: number): TradingDay;
  /** When the market traded last: now, or at its last close. */
  lastTrade(ms: number): number;
}

/** How the demo's days run. */
export interface DemoPace {
  /** When the demo began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** How many of the market's days fit in one of ours. */
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

  /** The number of the last day whose `hour` has come. */
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
