/**
 * The event log of many isolates, in Redis.
 *
 * @module
 */
import { comparePlaces, isPlace, type Place } from "../../core/position.ts";
import type { World } from "../../core/runtime.ts";
import type { EventLog, Retention } from "../event_log.ts";
import { createRedisAppend } from "./append.ts";
import { createRedisBus, type Stand } from "./bus.ts";
import type { RedisClient } from "./client.ts";
import { createRedisFollow } from "./subscription.ts";
import type { RedisKeys } from "./keys.ts";
import { createRedisPages } from "./replay.ts";

/** What the log stands on. */
export interface RedisEventLogContext {
  readonly world: Pick<World, "clock" | "random">;
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly retention: Retention;
  /** Tells this isolate from all others. */
  readonly isolate: string;
  /** Heard while the log is followed: a lease was given back. */
  readonly onFree: (lease: string) => void;
}

/** Creates a log in Redis. Nothing is sent before it is used, and nothing but beats while nothing is published. */
export function createRedisEventLog(
  { world, client, keys, retention, isolate, onFree }: RedisEventLogContext,
): EventLog {
  const bus = createRedisBus(client, keys);
  const followers = createRedisFollow({ world, client, bus, channel: keys.channel, onFree });
  let reading: Promise<Stand> | null = null;

  /** Where the log stands: who asks while it is read shares the answer. */
  function stand(): Promise<Stand> {
    reading ??= bus.stand().finally(() => reading = null);
    return reading;
  }

  function isWithin({ birth, head }: Stand, cursor: Place): boolean {
    return comparePlaces(birth, cursor) <= 0 && comparePlaces(cursor, head) <= 0;
  }

  return {
    append: createRedisAppend({ world, client, keys, retention, isolate }),
    ...createRedisPages({ clock: world.clock, client, keys, retention }),
    follow: followers.follow,

    async head() {
      return (await bus.stand()).head;
    },

    async honours(cursor) {
      if (!isPlace(cursor)) return false;
      const known = followers.stand;
      if (known && comparePlaces(cursor, known.head) <= 0) return isWithin(known, cursor);
      const wasUnderWay = reading !== null;
      const now = await stand();
      // What it is compared with may have been read before it was published.
      const isTooOld = wasUnderWay && comparePlaces(cursor, now.head) > 0;
      return isWithin(isTooOld ? await stand() : now, cursor);
    },
  };
}
