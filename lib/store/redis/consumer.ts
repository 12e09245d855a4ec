/**
 * The consumer of the bus: it emits every publication once, in order and without a gap.
 *
 * @module
 */
import type { LogMessage, StreamEvent } from "../../core/event.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { weightOf } from "../event_log.ts";
import {
  type BusEntry,
  type BusMessage,
  type LogState,
  parseBusMessage,
  type RedisBus,
} from "./bus.ts";
import type { RedisContext } from "./client.ts";
import { createRedisSubscriber } from "./subscriber.ts";

/** Maximum size of the messages that wait for a reader, in bytes. */
const MAX_UNREAD_BYTES = 8_388_608;

/** Maximum size of the publications that are read from the bus to fill one gap, in bytes. The last page may exceed it. */
const MAX_GAP_BYTES = 8_388_608;

/** Maximum number of announcements that wait while the bus is read. Beyond it the bus is read again. */
const MAX_ANNOUNCEMENTS = 1000;

/** The share of a message besides its events, in bytes. */
const MESSAGE_OVERHEAD_BYTES = 64;

/** A consumer of the bus. */
export interface RedisConsumer {
  /** The log's state after the last publication that was emitted. Null before the log is joined, and once it has ended. */
  readonly state: LogState | null;
  /** The log's messages. Cancelling the stream ends the consumer. */
  readonly messages: ReadableStream<LogMessage>;
}

type Announcement = Exclude<BusMessage, { readonly kind: "free" }>;

/** Returns the size of a message in bytes, approximately. */
function sizeOf(message: LogMessage | undefined): number {
  if (message?.kind !== "published") return MESSAGE_OVERHEAD_BYTES;
  return message.events.reduce((sum, event) => sum + weightOf(event), MESSAGE_OVERHEAD_BYTES);
}

/**
 * Returns the events of each entry without those that a later entry retracts. An event after a retracted one gets that
 * one's `prevId`.
 */
function withoutRetracted(entries: readonly BusEntry[]): StreamEvent[][] {
  const retracted = new Set(entries.flatMap((entry) => entry.retracted));
  const prevOverrides = new Map<Position, Position | null>();
  return entries.map(({ events }) =>
    events.flatMap((event) => {
      const override = event.prevId === null ? undefined : prevOverrides.get(event.prevId);
      const prevId = override === undefined ? event.prevId : override;
      if (!retracted.has(event.id)) return [{ ...event, prevId }];
      prevOverrides.set(event.id, prevId);
      return [];
    })
  );
}

/** Creates a consumer and opens its subscription. The caller must cancel `messages`. */
export function createRedisConsumer(
  { runtime, client, keys: { channel }, released }: RedisContext,
  bus: RedisBus,
): RedisConsumer {
  let controller: ReadableStreamDefaultController<LogMessage>;
  let state: LogState | null = null;
  /** True if the reader must receive `joined` before the next publication. */
  let isJoinedPending = true;
  let announcements: Announcement[] = [];
  let isLive = false;
  /** True if a publication is missing. The bus must then be read before the next announcement. */
  let isLagging = false;
  let isClosed = false;
  let isWorking = false;
  /** The latest call of `work()`. It never rejects. */
  let working: Promise<void> = Promise.resolve();

  const isWritable = () => (controller.desiredSize ?? 0) > 0;

  function sendJoined(): void {
    if (!state || !isJoinedPending || !isWritable()) return;
    isJoinedPending = false;
    controller.enqueue({ kind: "joined", epoch: state.epoch, head: state.head });
  }

  /** Continues from another state. Publications before it are not emitted. */
  function join({ epoch, lastEntry, head }: LogState): void {
    state = { epoch, lastEntry, head };
    isJoinedPending = true;
    sendJoined();
  }

  /** Emits an entry. `events` are those of the entry that are not retracted. */
  function publish(entry: BusEntry, events: readonly StreamEvent[]): void {
    if (!state) return;
    const head = entry.events.at(-1)?.id ?? state.head;
    state = { epoch: state.epoch, lastEntry: entry.id, head };
    const { retracted } = entry;
    if (isJoinedPending || events.length + retracted.length === 0) return;
    // A reader that is too slow receives the state once it is writable.
    if (isWritable()) controller.enqueue({ kind: "published", events, retracted });
    else isJoinedPending = true;
  }

  /** Emits an announced publication if it continues the state. Returns false if a publication before it is missing. */
  function applyAnnouncement(announcement: Announcement): boolean {
    if (!state) return false;
    const { lastEntry } = state;
    const id = announcement.kind === "head" ? announcement.head : announcement.entry.id;
    if (id === null || lastEntry === null) return id === lastEntry;
    if (comparePositions(id, lastEntry) <= 0) return true; // It is repeated.
    if (announcement.kind === "head" || announcement.entry.prev !== lastEntry) return false;
    publish(announcement.entry, announcement.entry.events);
    return true;
  }

  /** Reads the missing publications. Joins anew if the bus does not reach back to the state. */
  async function catchUp(): Promise<void> {
    if (!state) {
      const logState = await bus.state();
      if (!isClosed) join(logState);
      return;
    }
    const entries: BusEntry[] = [];
    let last = state.lastEntry;
    for (let bytes = 0, isWhole = false; !isWhole;) {
      const page = await bus.after(last);
      if (isClosed) return;
      const [first] = page.entries;
      const isContinuous = first ? first.prev === last : page.lastEntry === last;
      if (page.epoch !== state.epoch || !isContinuous || bytes > MAX_GAP_BYTES) return join(page);
      entries.push(...page.entries);
      last = page.entries.at(-1)?.id ?? last;
      for (const event of page.entries.flatMap(({ events }) => events)) bytes += weightOf(event);
      isWhole = page.isWhole;
    }
    const events = withoutRetracted(entries);
    entries.forEach((entry, i) => publish(entry, events[i] ?? []));
  }

  /** Applies all announcements, and reads the bus where one is missing. It is synchronous if nothing must be read. */
  async function work(): Promise<void> {
    try {
      while (isLive) {
        if (isLagging) {
          isLagging = false;
          await catchUp();
          continue;
        }
        const announcement = announcements.shift();
        if (!announcement) return;
        isLagging = !applyAnnouncement(announcement);
      }
    } catch {
      // The client has reported the failure. The next connection reads what is missing.
      subscriber.restart();
    } finally {
      isWorking = false;
    }
  }

  function wake(): void {
    if (isWorking) return;
    isWorking = true;
    working = work();
  }

  const messages = new ReadableStream<LogMessage>({
    start(streamController) {
      controller = streamController;
    },
    pull: sendJoined,
    async cancel() {
      isLive = false;
      isClosed = true;
      state = null;
      await Promise.all([subscriber.close(), working]);
    },
  }, { highWaterMark: MAX_UNREAD_BYTES, size: sizeOf });

  const subscriber = createRedisSubscriber(runtime, client, {
    channel,
    ping: bus.ping,
    onLive() {
      isLive = true;
      isLagging = true;
      announcements = [];
      wake();
    },
    onMessage(text) {
      const message = parseBusMessage(text);
      if (message?.kind === "free") released.notify(message.lease);
      if (!message || message.kind === "free") return;
      announcements.push(message);
      if (announcements.length > MAX_ANNOUNCEMENTS) {
        announcements = [];
        isLagging = true;
      }
      wake();
    },
    onEnd() {
      isLive = false;
    },
  });

  return {
    get state() {
      return state;
    },
    messages,
  };
}
