/**
 * The windows of an isolate: opened by the first follower, let go of some time after the last.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import type { EventLog } from "../store/event_log.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import { createWindow, type Window } from "./window.ts";

/** The largest window, and all windows of an isolate together, in bytes. */
const WINDOW_BYTES = 1_048_576;
const ALL_WINDOWS_BYTES = 67_108_864;

/** How long a window outlives its last follower, in milliseconds. */
const LINGER_MS = 60_000;

/** Starts what must run while a topic is followed, such as a poller. @returns What stops it. */
export type Starter = () => () => void;

/** A topic's window, held open. */
export interface Holding {
  readonly window: Window;
  /** Lets go of it. Further calls do nothing. */
  release(): void;
}

/** The windows of an isolate. */
export interface Windows {
  /** Opens a topic's window, reading what the log keeps where it is new. */
  open(topic: Topic): Promise<Holding>;
  /** Takes published events into their window, if it is open. */
  add(topic: string, events: readonly EncodedEvent[]): void;
  /** Runs something from a topic's first follower to its last. */
  whileFollowed(topic: Topic, start: Starter): void;
  /** Drops all windows and stops all that runs. */
  clear(): void;
}

interface Entry {
  readonly window: Window;
  readonly isFilled: Promise<void>;
  followers: number;
  callOff: (() => void) | undefined;
}

/** What windows need of their hub. */
export interface WindowsContext {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly retainEvents: number;
  readonly retainMs: number;
  readonly head: () => Place;
  /** Settles when this isolate has received everything up to a place. */
  readonly reached: (place: Place) => Promise<void>;
}

/** Creates an isolate's windows: none yet. */
export function createWindows(context: WindowsContext): Windows {
  const { clock, log, retainEvents, retainMs, head, reached } = context;
  const entries = new Map<string, Entry>();
  const starters = new Map<string, Starter[]>();
  const running = new Map<string, (() => void)[]>();

  const bounds = {
    maxEvents: retainEvents,
    maxBytes: () => Math.min(WINDOW_BYTES, Math.floor(ALL_WINDOWS_BYTES / entries.size)),
  };

  /** What comes after the head of now is added as it is published; what was before it is read from the log. */
  async function fill(window: Window, place: Place): Promise<void> {
    const page = await log.latest(window.topic, WINDOW_BYTES);
    const newest = page.events.at(-1)?.id;
    if (newest) await reached(newest);
    window.fill(page, place);
  }

  function entryOf(topic: Topic): Entry {
    const known = entries.get(topic.name);
    if (known) return known;
    const window = createWindow(topic, bounds);
    const isFilled = fill(window, head());
    const entry = { window, isFilled, followers: 0, callOff: undefined };
    entries.set(topic.name, entry);
    return entry;
  }

  function stop(name: string): void {
    running.get(name)?.forEach((each) => each());
    running.delete(name);
  }

  function drop(name: string, entry: Entry): void {
    entry.callOff?.();
    if (entries.get(name) === entry) entries.delete(name);
  }

  function release(name: string, entry: Entry): void {
    if (--entry.followers > 0) return;
    stop(name);
    entry.callOff = clock.after(LINGER_MS, () => drop(name, entry));
  }

  return {
    async open(topic) {
      const { name } = topic;
      const entry = entryOf(topic);
      entry.callOff?.();
      entry.callOff = undefined;
      if (++entry.followers === 1) {
        running.set(name, (starters.get(name) ?? []).map((start) => start()));
      }
      let isHeld = true;
      const holding: Holding = {
        window: entry.window,
        release() {
          if (isHeld) release(name, entry);
          isHeld = false;
        },
      };
      try {
        await entry.isFilled;
      } catch (thrown) {
        holding.release();
        drop(name, entry); // the next one reads again
        throw thrown;
      }
      entry.window.trim(clock.now() - retainMs);
      return holding;
    },
    add(topic, events) {
      entries.get(topic)?.window.add(events);
    },
    whileFollowed(topic, start) {
      starters.set(topic.name, [...starters.get(topic.name) ?? [], start]);
    },
    clear() {
      for (const [name, entry] of entries) {
        stop(name);
        drop(name, entry);
      }
    },
  };
}
