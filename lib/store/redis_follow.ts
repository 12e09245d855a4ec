/**
 * Followers of the log in one isolate. They share one subscription, which is open while there are any.
 *
 * @module
 */
import type { Delivery, StreamEvent } from "../core/event.ts";
import { comparePlaces, type Place } from "../core/place.ts";
import type { World } from "../core/world.ts";
import { weightOf } from "./event_log.ts";
import { type Entry, type Message, messageOf, type RedisBus, type Stand } from "./redis_bus.ts";
import type { RedisClient } from "./redis_client.ts";
import { createRedisSubscriber } from "./redis_subscriber.ts";
import { createWatch } from "./redis_watch.ts";

/** The most that waits for a follower who does not read, and the most of the bus that is read to bridge a gap, in bytes. */
const MOST_BYTES = 8_388_608;

/** How many announcements are kept while the bus is read. Where more come, it is read again. */
const MOST_WAITING = 1000;

/** What following stands on. */
export interface FollowContext {
  readonly world: Pick<World, "clock" | "random">;
  readonly client: Pick<RedisClient, "subscribe">;
  readonly bus: RedisBus;
  readonly channel: string;
  /** A lease was given back. */
  readonly onFree: (lease: string) => void;
}

/** The followers. */
export interface RedisFollow {
  follow(): ReadableStream<Delivery>;
  /** Where the followers stand: null where there are none, or where that was never known. */
  readonly stand: Stand | null;
}

interface Follower {
  readonly controller: ReadableStreamDefaultController<Delivery>;
  /** It must be told where it stands before it is given anything. */
  isNew: boolean;
}

/** One time of having followers. */
interface Session {
  readonly stand: Stand | null;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

function sizeOf(delivery: Delivery | undefined): number {
  if (delivery?.kind !== "published") return 1;
  return delivery.events.reduce((sum, event) => sum + weightOf(event), 64);
}

/**
 * The events of entries that are read at once: what a later one of them takes back is left out, and who names it as the
 * one before names the one before that.
 */
function standing(entries: readonly Entry[]): StreamEvent[][] {
  const gone = new Set(entries.flatMap(({ retracted }) => retracted));
  const handed = new Map<Place, Place | null>();
  return entries.map(({ events }) =>
    events.flatMap((event) => {
      const heir = event.prev === null ? undefined : handed.get(event.prev);
      const prev = heir === undefined ? event.prev : heir;
      if (!gone.has(event.id)) return [{ ...event, prev }];
      handed.set(event.id, prev);
      return [];
    })
  );
}

/** Creates what followers share. Nothing is sent before the first. */
export function createRedisFollow(
  { world, client, bus, channel, onFree }: FollowContext,
): RedisFollow {
  const followers = new Set<Follower>();
  let session: Session | null = null;

  function admit(follower: Follower): void {
    const { controller, isNew } = follower;
    const stand = session?.stand;
    if (!stand || !isNew || (controller.desiredSize ?? 0) <= 0) return;
    follower.isNew = false;
    controller.enqueue({ kind: "joined", birth: stand.birth, head: stand.head });
  }

  /** Tells all anew where they stand: what came in between cannot be told. */
  function rejoin(): void {
    for (const follower of [...followers]) {
      follower.isNew = true;
      admit(follower);
    }
  }

  function deliver(delivery: Delivery): void {
    for (const follower of [...followers]) {
      const { controller, isNew } = follower;
      if (isNew) continue;
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(delivery);
      else follower.isNew = true; // Too much waits for it: when it has read that, it is told where it stands.
    }
  }

  function open(): Session {
    let stand: Stand | null = null;
    let waiting: Message[] = [];
    let isLive = false;
    let isBehind = false;
    let settling: Promise<void> | null = null;

    function take({ id, events, retracted }: Entry, told: readonly StreamEvent[]): void {
      if (!stand) return;
      stand = { birth: stand.birth, entry: id, head: events.at(-1)?.id ?? stand.head };
      if (told.length + retracted.length === 0) return;
      deliver({ kind: "published", events: told, retracted });
    }

    /** Takes what was heard, if it follows where we stand. @returns False where something is missing before it. */
    function follows(message: Message): boolean {
      if (!stand) return false;
      if (message.kind === "free") return true;
      const last = stand.entry;
      const id = message.kind === "head" ? message.head : message.entry.id;
      if (id === null || last === null) return id === last;
      if (comparePlaces(id, last) <= 0) return true; // known already
      if (message.kind === "head" || message.entry.prev !== last) return false;
      take(message.entry, message.entry.events);
      return true;
    }

    /** Reads what is missing. Where the bus does not reach back to where we stand, we stand somewhere else. */
    async function catchUp(): Promise<void> {
      if (!stand) {
        stand = await bus.stand();
        return rejoin();
      }
      const entries: Entry[] = [];
      let from = stand.entry;
      for (let bytes = 0, isWhole = false; !isWhole;) {
        const page = await bus.after(from);
        const [first] = page.entries;
        const reaches = first ? first.prev === from : page.entry === from;
        if (page.birth !== stand.birth || !reaches || bytes > MOST_BYTES) {
          stand = page;
          return rejoin();
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

    async function settle(): Promise<void> {
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
        settling = null;
      }
    }

    const watch = createWatch(world, {
      beat: bus.beat,
      onSilence: () => subscriber.restart(),
    });

    const subscriber = createRedisSubscriber(world, client, {
      channel,
      onLive() {
        isLive = true;
        isBehind = true;
        waiting = [];
        watch.start();
        settling ??= settle();
      },
      onMessage(text) {
        watch.heard();
        const message = messageOf(text);
        if (message?.kind === "free") onFree(message.lease);
        if (!message || message.kind === "free") return;
        waiting.push(message);
        if (waiting.length > MOST_WAITING) {
          waiting = [];
          isBehind = true;
        }
        settling ??= settle();
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
        await Promise.all([subscriber.close(), watch.stop(), settling]);
      },
    };
  }

  return {
    get stand() {
      return session?.stand ?? null;
    },
    follow() {
      let own: Follower;
      return new ReadableStream<Delivery>({
        start(controller) {
          own = { controller, isNew: true };
          followers.add(own);
          session ??= open();
        },
        pull: () => admit(own),
        async cancel() {
          followers.delete(own);
          if (followers.size > 0) return;
          const last = session;
          session = null;
          await last?.close();
        },
      }, { highWaterMark: MOST_BYTES, size: sizeOf });
    },
  };
}
