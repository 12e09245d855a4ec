/**
 * When an audience flushes: at once after silence, then at its pace; earlier where much waits.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { WindowBounds } from "./window.ts";

/** Waiting log events go out before their time when they are more than this, in bytes, or fill a quarter of a window. */
const MOST_WAITING_BYTES = 65_536;

/**
 * After flushes that took long, this many times as long is waited, at most so many milliseconds. What the runtime and the
 * system do for it afterwards takes some eight times what handing out took, so nearly half of the time is left for others.
 * Many clients get larger chunks, and not ever older ones (measured: 5,000 streams at 100 events a second take 73 % of a core,
 * and 99 where nothing is waited for, with longer delays; for 1,000 streams nothing changes).
 */
const [REST, MOST_REST_MS] = [15, 250];

/** How long flushes take is told by the shortest of so many: others may have been held up, by a collection of garbage, say. */
const LOOKED_AT = 8;

/** The rhythm of an audience. Coalescing and `max_rate` are the same, at different paces. */
export interface Pace {
  /** Counts a log event that waits. State values do not count: an older one gives way. */
  count(bytes: number): void;
  /** There is something to flush: now, or when its time comes. */
  ask(): void;
  /** There is more than was flushed: it goes in the next turn. */
  goOn(): void;
  stop(): void;
}

/** Creates a pace. @param bounds What a window holds. */
export function createPace(
  clock: Clock,
  paceMs: number,
  { maxEvents, maxBytes }: WindowBounds,
  flush: () => void,
): Pace {
  const tookMs = Array<number>(LOOKED_AT).fill(0);
  let restMs = paceMs;
  let restedAt = -Infinity;
  let events = 0;
  let bytes = 0;
  let callOff: (() => void) | undefined;

  function stop(): void {
    callOff?.();
    callOff = undefined;
    events = bytes = 0;
  }

  function flushNow(): void {
    stop();
    const begun = clock.now();
    [restMs, restedAt] = [paceMs, begun + paceMs];
    flush();
    const ended = clock.now();
    tookMs.shift();
    tookMs.push(ended - begun);
    restMs = Math.max(paceMs, Math.min(REST * Math.min(...tookMs), MOST_REST_MS));
    restedAt = ended + restMs;
  }

  function isMuch(): boolean {
    return events > maxEvents / 4 || bytes > Math.min(MOST_WAITING_BYTES, maxBytes() / 4);
  }

  return {
    count(size) {
      events++;
      bytes += size;
    },
    ask() {
      const dueMs = Math.min(restedAt - clock.now(), restMs); // the clock may have been set back
      if (dueMs <= 0 || isMuch()) flushNow();
      else callOff ??= clock.after(dueMs, flushNow);
    },
    goOn() {
      callOff ??= clock.after(0, flushNow);
    },
    stop,
  };
}
