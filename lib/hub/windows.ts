/**
 * The windows of an isolate: opened by the first follower, let go of some time after the last.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { EventLog } from "../store/event_log.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import { createLogWindow } from "./log_window.ts";
import { createStateWindow } from "./state_window.ts";
import type { Window, WindowBounds } from "./window.ts";

/** The largest window, and all windows of an isolate together, in bytes. */
const WINDOW_BYTES = 1_048_576;
const ALL_WINDOWS_BYTES = 67_108_864;

/** How long a window outlives its last follower, in milliseconds. */
const LINGER_MS = 60_000;

/** Starts what must run while a topic is followed, such as a poller. @returns What stops it. */
export type Starter = (topic: Topic) => () => void;

/** A topic's window, held open. */
export interface Holding {
  readonly window: Window;
  /** Whether it has what the log keeps: not where the log could not be reached. */
  readonly isFilled: boolean;
  /**
   * Reads what the log keeps where the window lacks it and the log answers, and lets go of what is too old: before anybody
   * is told what is in it. Nothing is to be waited for where it is there.
   */
  refresh(): void | Promise<void>;
  /** Lets go of it. Further calls do nothing. */
  release(): void;
}

/** The windows of an isolate. */
export interface Windows {
  /** How much each holds: fewer bytes where there are many. */
  readonly bounds: WindowBounds;
  /** Opens a topic's window as it is, empty where it is new. */
  hold(topic: Topic): Holding;
  /** Opens a topic's window, and refreshes it. */
  open(topic: Topic): Promise<Holding>;
  /** A topic's window, if it is open. */
  get(topic: string): Window | undefined;
  /** Takes published events of one topic into their window, if it is open, and takes others out of theirs. */
  add(events: readonly EncodedEvent[], retracted: readonly Position[]): void;
  /** Empties all windows: what comes in from now on comes after `place`. What the log keeps is read anew. */
  reset(position: Position): void;
  /** Reads what could not be read before. Where that fails for one window, the others are read all the same. */
  refill(): Promise<void>;
  /** Whether the windows of these topics have what the log keeps. */
  isFilled(topics: readonly Topic[]): boolean;
  /** Runs something from a topic's first follower to its last: of each of a family, where its name is given. */
  whileFollowed(topic: Pick<Topic, "name">, start: Starter): void;
  /** Drops all windows and stops all that runs. Those that are opened later do not linger. */
  clear(): void;
}

interface Entry {
  readonly window: Window;
  /** Where it was reset to. */
  from: Position;
  /** The read under way, or the last one. */
  filling: Promise<void> | null;
  isFilled: boolean;
  followers: number;
  callOff: (() => void) | undefined;
}

/** What windows need of their hub. */
export interface WindowsContext {
  readonly clock: Clock;
  readonly log: Pick<EventLog, "latest">;
  readonly retainEvents: number;
  readonly retainMs: number;
  readonly head: () => Position;
  /** Whether there is anything to read: the head is known, and the log not known to be away. */
  readonly isReadable: () => boolean;
  /** A window is about to be read, and followed. */
  readonly onOpen: () => boolean | Promise<unknown>;
  readonly onFault: (thrown: unknown) => void;
  /** The last window is gone. */
  readonly onIdle: () => void;
}

/** Creates an isolate's windows: none yet. */
export function createWindows(context: WindowsContext): Windows {
  const { clock, log, retainEvents, retainMs, head, isReadable, onOpen, onIdle, onFault } = context;
  const entries = new Map<string, Entry>();
  const starters = new Map<string, Starter[]>();
  const running = new Map<string, (() => void)[]>();
  let isClosed = false;

  const bounds: WindowBounds = {
    maxEvents: retainEvents,
    maxBytes: () => Math.min(WINDOW_BYTES, Math.floor(ALL_WINDOWS_BYTES / entries.size)),
  };

  /** What comes after `entry.from` is added as it is published; what was before it is read from the log. */
  async function read(entry: Entry): Promise<void> {
    const { window, from } = entry;
    try {
      const page = await log.latest(window.topic, WINDOW_BYTES);
      if (entry.from !== from) return; // it was reset meanwhile, and is read anew
      window.fill(page, from);
      entry.isFilled = true;
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
    } finally {
      if (entry.from === from) entry.filling = null;
    }
  }

  async function fill(entry: Entry): Promise<void> {
    if (entry.isFilled || !isReadable()) return;
    entry.filling ??= read(entry);
    await entry.filling;
  }

  function entryOf(topic: Topic): Entry {
    const known = entries.get(topic.name);
    if (known) return known;
    const from = head();
    const window = topic.kind === "state"
      ? createStateWindow(topic)
      : createLogWindow(topic, bounds);
    window.reset(from);
    const entry = {
      window,
      from,
      filling: null,
      isFilled: false,
      followers: 0,
      callOff: undefined,
    };
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
    if (entries.size === 0) onIdle();
  }

  function release(name: string, entry: Entry): void {
    if (--entry.followers > 0) return;
    stop(name);
    if (isClosed) drop(name, entry);
    else entry.callOff = clock.after(LINGER_MS, () => drop(name, entry));
  }

  function refresh(entry: Entry): void | Promise<void> {
    const opening = onOpen();
    if (typeof opening !== "boolean" || (!entry.isFilled && isReadable())) {
      return fillAfter(opening, entry);
    }
    entry.window.trim(clock.now() - retainMs);
  }

  async function fillAfter(opening: unknown, entry: Entry): Promise<void> {
    await opening;
    await fill(entry);
    entry.window.trim(clock.now() - retainMs);
  }

  function hold(topic: Topic): Holding {
    const { name } = topic;
    const entry = entryOf(topic);
    entry.callOff?.();
    entry.callOff = undefined;
    if (++entry.followers === 1) {
      running.set(name, (starters.get(topic.family ?? name) ?? []).map((start) => start(topic)));
    }
    let isHeld = true;
    return {
      window: entry.window,
      get isFilled() {
        return entry.isFilled;
      },
      refresh: () => refresh(entry),
      release() {
        if (isHeld) release(name, entry);
        isHeld = false;
      },
    };
  }

  return {
    bounds,
    hold,
    async open(topic) {
      const holding = hold(topic);
      try {
        await holding.refresh();
      } catch (thrown) {
        holding.release();
        throw thrown;
      }
      return holding;
    },
    get: (topic) => entries.get(topic)?.window,
    add(events, retracted) {
      if (retracted.length > 0) {
        for (const { window } of entries.values()) window.retract(retracted);
      }
      entries.get(events[0]?.topic ?? "")?.window.add(events);
    },
    reset(position) {
      for (const entry of entries.values()) {
        entry.window.reset(position);
        entry.from = position;
        entry.filling = null;
        entry.isFilled = false;
      }
    },
    async refill() {
      await Promise.all([...entries.values()].map((entry) => fill(entry).catch(onFault)));
    },
    isFilled: (topics) => topics.every(({ name }) => entries.get(name)?.isFilled),
    whileFollowed(topic, start) {
      starters.set(topic.name, [...starters.get(topic.name) ?? [], start]);
    },
    clear() {
      isClosed = true;
      for (const [name, entry] of entries) {
        stop(name);
        drop(name, entry);
      }
    },
  };
}
