/**
 * Stays at the end of the bus: what is announced, and what was not heard, in order and without a gap.
 *
 * @module
 */
import type { LogMessage, StreamEvent } from "../../core/event.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import type { Runtime } from "../../core/runtime.ts";
import { weightOf } from "../event_log.ts";
import {
  type BusEntry,
  type BusMessage,
  type LogState,
  parseBusMessage,
  type RedisBus,
} from "./bus.ts";
import type { RedisClient } from "./client.ts";
import { createRedisSubscriber } from "./subscriber.ts";
import { createWatchdog } from "./watchdog.ts";

/** The most of the bus that is read to bridge a gap, in bytes. */
const MOST_BYTES = 8_388_608;

/** How many announcements are kept while the bus is read. Where more come, it is read again. */
const MOST_WAITING = 1000;

/** What staying at the end stands on. */
export interface TailContext {
  readonly runtime: Pick<Runtime, "clock" | "random">;
  readonly client: Pick<RedisClient, "subscribe" | "markFailed">;
  readonly bus: RedisBus;
  readonly channel: string;
  /** A lease was given back. */
  readonly onFree: (lease: string) => void;
}

/** What is told. */
export interface TailOptions {
  /** We stand somewhere, for the first time or anew: what came before cannot be told. */
  readonly onJoined: () => void;
  readonly onPublished: (delivery: LogMessage & { readonly kind: "published" }) => void;
}

/** The end of the bus, as one isolate knows it. */
export interface RedisTail {
  /** Where we stand: what is told next follows it. Null where that was never known. */
  readonly stand: LogState | null;
  /** Resolves when nothing of it is left. Nothing is told any more. */
  close(): Promise<void>;
}

/** What is said of the bus on its channel. */
type Announcement = Exclude<BusMessage, { readonly kind: "free" }>;

/**
 * The events of entries that are read at once: what a later one of them takes back is left out, and who names it as the
 * one before names the one before that.
 */
function standing(entries: readonly BusEntry[]): StreamEvent[][] {
  const gone = new Set(entries.flatMap(({ retracted }) => retracted));
  const handed = new Map<Position, Position | null>();
  return entries.map(({ events }) =>
    events.flatMap((event) => {
      const heir = event.prevId === null ? undefined : handed.get(event.prevId);
      const prevId = heir === undefined ? event.prevId : heir;
      if (!gone.has(event.id)) return [{ ...event, prevId }];
      handed.set(event.id, prevId);
      return [];
    })
  );
}

/** Begins to stay at the end of the bus, with one subscription, whatever breaks on the way. */
export function createRedisTail(
  { runtime, client, bus, channel, onFree }: TailContext,
  { onJoined, onPublished }: TailOptions,
): RedisTail {
  let stand: LogState | null = null;
  let waiting: Announcement[] = [];
  let isLive = false;
  let isClosed = false;
  let isBehind = false;
  let isSettling = false;
  let settled: Promise<void> = Promise.resolve();

  function take({ id, events, retracted }: BusEntry, told: readonly StreamEvent[]): void {
    if (!stand) return;
    stand = { epoch: stand.epoch, lastEntry: id, head: events.at(-1)?.id ?? stand.head };
    if (told.length + retracted.length === 0) return;
    onPublished({ kind: "published", events: told, retracted });
  }

  /** Takes what was heard, if it follows where we stand. @returns False where something is missing before it. */
  function follows(message: Announcement): boolean {
    if (!stand) return false;
    const last = stand.lastEntry;
    const id = message.kind === "head" ? message.head : message.entry.id;
    if (id === null || last === null) return id === last;
    if (comparePositions(id, last) <= 0) return true; // known already
    if (message.kind === "head" || message.entry.prev !== last) return false;
    take(message.entry, message.entry.events);
    return true;
  }

  /** Reads what is missing. Where the bus does not reach back to where we stand, we stand somewhere else. */
  async function catchUp(): Promise<void> {
    if (!stand) {
      const found = await bus.state();
      if (isClosed) return;
      stand = found;
      return onJoined();
    }
    const entries: BusEntry[] = [];
    let from = stand.lastEntry;
    for (let bytes = 0, isWhole = false; !isWhole;) {
      const page = await bus.after(from);
      if (isClosed) return;
      const [first] = page.entries;
      const reaches = first ? first.prev === from : page.lastEntry === from;
      if (page.epoch !== stand.epoch || !reaches || bytes > MOST_BYTES) {
        stand = { epoch: page.epoch, lastEntry: page.lastEntry, head: page.head };
        return onJoined();
      }
      entries.push(...page.entries);
      from = page.entries.at(-1)?.id ?? from;
      bytes += page.entries.flatMap(({ events }) => events).reduce(
        (sum, event) => sum + weightOf(event),
        0,
      );
      isWhole = page.isWhole;
    }
    const told = standing(entries);
    entries.forEach((entry, i) => take(entry, told[i] ?? []));
  }

  /** Takes what waits, or is missing. Where nothing must be read, it is done when this returns. */
  async function work(): Promise<void> {
    try {
      while (isLive) {
        if (isBehind) {
          isBehind = false;
          await catchUp();
          continue;
        }
        const message = waiting.shift();
        if (!message) return;
        isBehind = !follows(message);
      }
    } catch {
      // The client has told how the store is doing. What is missing is read with the next subscription.
      subscriber.restart();
    } finally {
      isSettling = false;
    }
  }

  function settle(): void {
    if (isSettling) return;
    isSettling = true;
    settled = work();
  }

  const watch = createWatchdog(runtime, {
    ping: bus.ping,
    onSilence: () => subscriber.restart(),
  });

  const subscriber = createRedisSubscriber(runtime, client, {
    channel,
    onLive() {
      isLive = true;
      isBehind = true;
      waiting = [];
      watch.start();
      settle();
    },
    onMessage(text) {
      watch.heard();
      const message = parseBusMessage(text);
      if (message?.kind === "free") onFree(message.lease);
      if (!message || message.kind === "free") return;
      waiting.push(message);
      if (waiting.length > MOST_WAITING) {
        waiting = [];
        isBehind = true;
      }
      settle();
    },
    onEnd() {
      isLive = false;
      watch.stop();
    },
  });

  return {
    get stand() {
      return stand;
    },
    async close() {
      isLive = false;
      isClosed = true;
      await Promise.all([subscriber.close(), watch.stop(), settled]);
    },
  };
}
