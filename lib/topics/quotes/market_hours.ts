/**
 * The trading hours of markets, without holidays, which follow from the absence of trades.
 *
 * @module
 */
import { DAY_MS, HOUR_MS } from "../../core/time.ts";

/** A period during which a market is open or closed, from `start` to `end` (exclusive): wall times in ms. */
export interface Span {
  readonly isOpen: boolean;
  readonly start: number;
  readonly end: number;
}

/** Returns the span of a market that contains a wall time in ms: null if the market is open round the clock. */
export type MarketHours = (hours: HoursName, ms: number) => Span | null;

/** A daily session: its weekdays (0 is Sunday), its opening after midnight, and its length, in local time. */
interface DailySession {
  readonly zone: string;
  readonly days: readonly number[];
  readonly opensAfterMs: number;
  readonly lastsMs: number;
}

const WEEKDAYS = [1, 2, 3, 4, 5];

/** Creates the session of a stock exchange, in hours after midnight. A break at noon counts as open. */
function stockExchange(zone: string, opensH: number, closesH: number): DailySession {
  return {
    zone,
    days: WEEKDAYS,
    opensAfterMs: opensH * HOUR_MS,
    lastsMs: (closesH - opensH) * HOUR_MS,
  };
}

/** Trading calendars by name, null for a market that never closes. */
const SESSIONS = {
  always: null,
  /** Sunday 18:00 to Friday 17:00 in New York, with a break from 17:00 to 18:00 every day. */
  cme: {
    zone: "America/New_York",
    days: [0, 1, 2, 3, 4],
    opensAfterMs: 18 * HOUR_MS,
    lastsMs: 23 * HOUR_MS,
  },
  /** Sunday 17:00 to Friday 17:00 in New York. */
  fx: {
    zone: "America/New_York",
    days: [0, 1, 2, 3, 4],
    opensAfterMs: 17 * HOUR_MS,
    lastsMs: DAY_MS,
  },
  nyse: stockExchange("America/New_York", 9.5, 16),
  b3: stockExchange("America/Sao_Paulo", 10, 17),
  lse: stockExchange("Europe/London", 8, 16.5),
  /** Also the hours of Paris, Amsterdam, Madrid, Milan and Zurich. */
  xetra: stockExchange("Europe/Berlin", 9, 17.5),
  tse: stockExchange("Asia/Tokyo", 9, 15.5),
  hkex: stockExchange("Asia/Hong_Kong", 9.5, 16),
  sse: stockExchange("Asia/Shanghai", 9.5, 15),
  krx: stockExchange("Asia/Seoul", 9, 15.5),
  twse: stockExchange("Asia/Taipei", 9, 13.5),
  sgx: stockExchange("Asia/Singapore", 9, 17),
  nse: stockExchange("Asia/Kolkata", 9.25, 15.5),
  asx: stockExchange("Australia/Sydney", 10, 16),
} as const satisfies Readonly<Record<string, DailySession | null>>;

/** The name of a trading calendar. */
export type HoursName = keyof typeof SESSIONS;

/** Tests if a text is the name of a trading calendar. */
export function isHoursName(text: string): text is HoursName {
  return Object.hasOwn(SESSIONS, text);
}

/** Days before and after a time. They are more than any weekend, so that a session lies on either side. */
const DAYS_AROUND = 4;

/** The most cached spans of a calendar: it needs the current one and that of a quote's receipt. */
const MAX_CACHED_SPANS = 4;

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
    const { days, opensAfterMs, lastsMs } = this.#session;
    const today = Math.floor(this.#localTime.toLocal(ms) / DAY_MS);
    return Array.from(
      { length: 2 * DAYS_AROUND + 1 },
      (_, index) => (today - DAYS_AROUND + index) * DAY_MS,
    )
      .filter((day) => days.includes(new Date(day).getUTCDay()))
      .map((day) => ({
        isOpen: true,
        start: this.#localTime.fromLocal(day + opensAfterMs),
        end: this.#localTime.fromLocal(day + opensAfterMs + lastsMs),
      }));
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
