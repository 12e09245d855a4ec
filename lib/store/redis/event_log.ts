/**
 * The event log of many isolates, in Redis.
 *
 * @module
 */
import { comparePositions, isPosition, type Position } from "../../core/position.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { EventLog, Retention } from "../event_log.ts";
import { createRedisAppend } from "./append.ts";
import { createRedisBus, type LogState } from "./bus.ts";
import type { RedisClient } from "./client.ts";
import { createRedisFollow } from "./subscription.ts";
import type { RedisKeys } from "./keys.ts";
import { createRedisReplay } from "./replay.ts";

/** What the log stands on. */
export interface RedisEventLogContext {
  readonly runtime: Pick<Runtime, "clock" | "random">;
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
  { runtime, client, keys, retention, isolate, onFree }: RedisEventLogContext,
): EventLog {
  const bus = createRedisBus(client, keys);
  const followers = createRedisFollow({ runtime, client, bus, channel: keys.channel, onFree });
  let reading: Promise<LogState> | null = null;

  /** Where the log stands: who asks while it is read shares the answer. */
  function stand(): Promise<LogState> {
    reading ??= bus.state().finally(() => reading = null);
    return reading;
  }

  function isWithin({ epoch, head }: LogState, cursor: Position): boolean {
    return comparePositions(epoch, cursor) <= 0 && comparePositions(cursor, head) <= 0;
  }

  return {
    append: createRedisAppend({ runtime, client, keys, retention, isolate }),
    ...createRedisReplay({ clock: runtime.clock, client, keys, retention }),
    subscribe: followers.follow,

    async head() {
      return (await bus.state()).head;
    },

    async honours(cursor) {
      if (!isPosition(cursor)) return false;
      const known = followers.stand;
      if (known && comparePositions(cursor, known.head) <= 0) return isWithin(known, cursor);
      const wasUnderWay = reading !== null;
      const now = await stand();
      // What it is compared with may have been read before it was published.
      const isTooOld = wasUnderWay && comparePositions(cursor, now.head) > 0;
      return isWithin(isTooOld ? await stand() : now, cursor);
    },
  };
}
