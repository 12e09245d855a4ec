/**
 * The hours markets keep, without their holidays: those are told by what is, or is not, traded.
 *
 * @module
 */
import type { Quote } from "./quote.ts";

/** A stretch of time in which a market is open, or closed: from `start` up to `end`, in ms since the epoch. */
export interface Span {
  readonly isOpen: boolean;
  readonly start: number;
  readonly end: number;
}

/** The span of a market's own hours that holds a time: null where it is traded round the clock. */
export type SpanAt = (kind: Quote["class"], ms: number) => Span | null;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** All of them keep the hours of New York, whatever the zone of who asks. */
const ZONE = "America/New_York";

/** A session: it opens on a weekday (0 is Sunday) so long after its midnight, and lasts so long. By the wall clock. */
interface Hours {
  readonly days: readonly number[];
  readonly opensMs: number;
  readonly lastsMs: number;
}

/** Sunday 18:00 to Friday 17:00, with a break from 17:00 to 18:00 every day. */
const ROUND_THE_WEEK: Hours = {
  days: [0, 1, 2, 3, 4],
  opensMs: 18 * HOUR_MS,
  lastsMs: 23 * HOUR_MS,
};

const HOURS: Readonly<Record<Quote["class"], Hours | null>> = {
  crypto: null,
  metals: ROUND_THE_WEEK,
  oil: ROUND_THE_WEEK,
  indices: { days: [1, 2, 3, 4, 5], opensMs: 9.5 * HOUR_MS, lastsMs: 6.5 * HOUR_MS },
};

/** Longer than any weekend, so that there is a session on either side. */
const DAYS_AROUND = 4;

/** Spans that are remembered: now and when a quote came, for each class, and some more. */
const REMEMBERED = 16;

/** Creates the calendar. */
export function createHours(): SpanAt {
  const wallClock = new Intl.DateTimeFormat("en-US", {
    timeZone: ZONE,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const remembered: { readonly kind: Quote["class"]; readonly span: Span }[] = [];

  /** What the wall shows, as if it were UTC. */
  function wallOf(ms: number): number {
    const parts = wallClock.formatToParts(ms);
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

  /** When the wall shows a time. Sessions neither begin nor end in the hour that a change of clocks leaves out. */
  function timeOf(wall: number): number {
    const guess = wall + 5 * HOUR_MS;
    return guess - (wallOf(guess) - wall);
  }

  function sessionsAround(ms: number, { days, opensMs, lastsMs }: Hours): Span[] {
    const today = Math.floor(wallOf(ms) / DAY_MS);
    return Array.from({ length: 2 * DAYS_AROUND + 1 }, (_, n) => (today - DAYS_AROUND + n) * DAY_MS)
      .filter((day) => days.includes(new Date(day).getUTCDay()))
      .map((day) => ({
        isOpen: true,
        start: timeOf(day + opensMs),
        end: timeOf(day + opensMs + lastsMs),
      }));
  }

  function compute(ms: number, hours: Hours): Span {
    const sessions = sessionsAround(ms, hours);
    const open = sessions.find(({ start, end }) => start <= ms && ms < end);
    return open ?? {
      isOpen: false,
      start: Math.max(...sessions.map(({ end }) => end).filter((end) => end <= ms)),
      end: Math.min(...sessions.map(({ start }) => start).filter((start) => start > ms)),
    };
  }

  return (kind, ms) => {
    const hours = HOURS[kind];
    if (hours === null) return null;
    const known = remembered.find((each) =>
      each.kind === kind && each.span.start <= ms && ms < each.span.end
    );
    if (known !== undefined) return known.span;
    const span = compute(ms, hours);
    remembered.unshift({ kind, span });
    remembered.length = Math.min(remembered.length, REMEMBERED);
    return span;
  };
}
