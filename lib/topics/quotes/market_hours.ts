/**
 * The trading hours of markets. The holidays of American, European and Australian stocks, of futures and of currencies are
 * known by rule. Those of other markets follow from the absence of trades.
 *
 * @module
 */
import { DAY_MS, HOUR_MS } from "../../core/time.ts";
import {
  currencyRules,
  euronextRules,
  frankfurtRules,
  futuresRules,
  type HolidayRules,
  londonRules,
  noRules,
  type SpecialDay,
  stockRules,
  sydneyRules,
  torontoRules,
  zurichRules,
} from "./holidays.ts";

/** A period during which a market is open or closed, from `start` to `end` (exclusive): wall times in ms. */
export interface Span {
  readonly isOpen: boolean;
  readonly start: number;
  readonly end: number;
  /** The pause at noon within an open span, if the market has one. */
  readonly pause?: { readonly start: number; readonly end: number };
}

/** Returns the part of a span before, in or after its pause: the span itself if it has none. The pause is closed. */
export function spanPartAt(span: Span, ms: number): Span {
  const { isOpen, start, end, pause } = span;
  if (pause === undefined) return span;
  if (ms < pause.start) return { isOpen, start, end: pause.start };
  return ms < pause.end ? { isOpen: false, ...pause } : { isOpen, start: pause.end, end };
}

/** Returns the span of a market that contains a wall time in ms: null if the market is open round the clock. */
export type MarketHours = (hours: HoursName, ms: number) => Span | null;

/** The session of a trading day, Monday to Friday, in ms after the local midnight of that day. */
interface DailySession {
  readonly zone: string;
  /** Negative if the session begins on the evening before. */
  readonly opensAfterMs: number;
  readonly closesAfterMs: number;
  readonly holidays: HolidayRules;
  /** The beginning and the end of a pause at noon. */
  readonly pauseAfterMs?: readonly [number, number];
}

/** Monday to Friday, as `getUTCDay` counts them. */
const TRADING_WEEKDAYS: readonly number[] = [1, 2, 3, 4, 5];

/** Creates the session of a stock exchange, in hours after midnight. */
function stockExchange(
  zone: string,
  opensH: number,
  closesH: number,
  holidays: HolidayRules = noRules,
): DailySession {
  return { zone, opensAfterMs: opensH * HOUR_MS, closesAfterMs: closesH * HOUR_MS, holidays };
}

/** Adds a pause at noon to a session, in hours after midnight. */
function withPause(session: DailySession, fromH: number, toH: number): DailySession {
  return { ...session, pauseAfterMs: [fromH * HOUR_MS, toH * HOUR_MS] };
}

/** Trading calendars by name, null for a market that never closes. */
const SESSIONS = {
  always: null,
  /** From 18:00 in New York, with a break from 17:00 to 18:00 every day. */
  cme: {
    zone: "America/New_York",
    opensAfterMs: -6 * HOUR_MS,
    closesAfterMs: 17 * HOUR_MS,
    holidays: futuresRules,
  },
  /** From 17:00 in New York. A trading day ends where the next one begins. */
  fx: {
    zone: "America/New_York",
    opensAfterMs: -7 * HOUR_MS,
    closesAfterMs: 17 * HOUR_MS,
    holidays: currencyRules,
  },
  nyse: stockExchange("America/New_York", 9.5, 16, stockRules),
  b3: stockExchange("America/Sao_Paulo", 10, 17),
  tsx: stockExchange("America/Toronto", 9.5, 16, torontoRules),
  lse: stockExchange("Europe/London", 8, 16.5, londonRules),
  xetra: stockExchange("Europe/Berlin", 9, 17.5, frankfurtRules),
  /** Paris and Amsterdam, and the hours of Madrid and Milan. */
  euronext: stockExchange("Europe/Paris", 9, 17.5, euronextRules),
  six: stockExchange("Europe/Zurich", 9, 17.5, zurichRules),
  tse: withPause(stockExchange("Asia/Tokyo", 9, 15.5), 11.5, 12.5),
  hkex: withPause(stockExchange("Asia/Hong_Kong", 9.5, 16), 12, 13),
  sse: withPause(stockExchange("Asia/Shanghai", 9.5, 15), 11.5, 13),
  krx: stockExchange("Asia/Seoul", 9, 15.5),
  twse: stockExchange("Asia/Taipei", 9, 13.5),
  sgx: withPause(stockExchange("Asia/Singapore", 9, 17), 12, 13),
  nse: stockExchange("Asia/Kolkata", 9.25, 15.5),
  asx: stockExchange("Australia/Sydney", 10, 16, sydneyRules),
} as const satisfies Readonly<Record<string, DailySession | null>>;

/** The name of a trading calendar. */
export type HoursName = keyof typeof SESSIONS;

/** Tests if a text is the name of a trading calendar. */
export function isHoursName(text: string): text is HoursName {
  return Object.hasOwn(SESSIONS, text);
}

/** Days before and after a time. They are more than a weekend with holidays, so that a session lies on either side. */
const DAYS_AROUND = 6;

/** The most cached spans of a calendar: those since a closing price that is about to be stale, with the nights between. */
const MAX_CACHED_SPANS = 24;

/** The wall time of a zone. */
class LocalTime {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Converts a time to the local time, as ms that read as UTC. */
  toLocal(ms: number): number {
    const parts = this.#format.formatToParts(ms);
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
  fromLocal(local: number): number {
    // The first step may use the offset of the other side of a clock change. The second step corrects it.
    const guess = local - (this.toLocal(local) - local);
    return guess - (this.toLocal(guess) - local);
  }
}

/** The spans of one trading calendar. */
class TradingCalendar {
  readonly #session: DailySession;
  readonly #localTime: LocalTime;
  readonly #years = new Map<number, ReadonlyMap<number, SpecialDay>>();
  readonly #cached: Span[] = [];

  constructor(session: DailySession) {
    this.#session = session;
    this.#localTime = new LocalTime(session.zone);
  }

  /** Returns the span that contains a wall time in ms. */
  spanAt(ms: number): Span {
    const hit = this.#cached.find(({ start, end }) => start <= ms && ms < end);
    if (hit !== undefined) return hit;
    const span = this.#spanOf(ms);
    this.#cached.unshift(span);
    this.#cached.length = Math.min(this.#cached.length, MAX_CACHED_SPANS);
    return span;
  }

  #spanOf(ms: number): Span {
    const sessions = this.#sessionsAround(ms);
    const open = sessions.find(({ start, end }) => start <= ms && ms < end);
    return open ?? {
      isOpen: false,
      start: Math.max(...sessions.map(({ end }) => end).filter((end) => end <= ms)),
      end: Math.min(...sessions.map(({ start }) => start).filter((start) => start > ms)),
    };
  }

  #sessionsAround(ms: number): Span[] {
    const { opensAfterMs, pauseAfterMs } = this.#session;
    const today = Math.floor(this.#localTime.toLocal(ms) / DAY_MS);
    return Array.from(
      { length: 2 * DAYS_AROUND + 1 },
      (_, index) => (today - DAYS_AROUND + index) * DAY_MS,
    ).flatMap((day) => {
      const closesAfterMs = this.#closesAfterMs(day);
      if (closesAfterMs === null) return [];
      return [{
        isOpen: true,
        start: this.#localTime.fromLocal(day + opensAfterMs),
        end: this.#localTime.fromLocal(day + closesAfterMs),
        ...pauseAfterMs === undefined ? {} : {
          pause: {
            start: this.#localTime.fromLocal(day + pauseAfterMs[0]),
            end: this.#localTime.fromLocal(day + pauseAfterMs[1]),
          },
        },
      }];
    });
  }

  /** Returns the close of a day, in ms after its local midnight: null if the market does not open. */
  #closesAfterMs(day: number): number | null {
    const date = new Date(day);
    if (!TRADING_WEEKDAYS.includes(date.getUTCDay())) return null;
    const special = this.#specialDays(date.getUTCFullYear()).get(day) ??
      this.#session.closesAfterMs;
    return special === "closed" ? null : special;
  }

  #specialDays(year: number): ReadonlyMap<number, SpecialDay> {
    const days = this.#years.get(year) ?? this.#session.holidays(year);
    this.#years.set(year, days);
    return days;
  }
}

/** Creates the hours of all markets. */
export function createMarketHours(): MarketHours {
  const calendars = new Map<HoursName, TradingCalendar>();
  return (hours, ms) => {
    const session = SESSIONS[hours];
    if (session === null) return null;
    const calendar = calendars.get(hours) ?? new TradingCalendar(session);
    calendars.set(hours, calendar);
    return calendar.spanAt(ms);
  };
}

/**
 * Returns the time at which a market that is closed opens: wall time in ms.
 *
 * @param span A span of the market, open or closed. After an open one, the market is closed on an unknown holiday.
 */
export function nextOpening(spanAt: (ms: number) => Span | null, span: Span): number | null {
  if (!span.isOpen) return span.end;
  const next = spanAt(span.end);
  return next === null || next.isOpen ? span.end : next.end;
}
