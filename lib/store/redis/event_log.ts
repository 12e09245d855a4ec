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
import { createRedisConsumer, type RedisConsumer } from "./consumer.ts";
import type { RedisKeys } from "./keys.ts";
import { createRedisReplay } from "./replay.ts";

/** A log's dependencies. */
export interface RedisEventLogContext {
  readonly runtime: Pick<Runtime, "clock" | "random">;
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly retention: Retention;
  /** Tells this isolate from all others. */
  readonly isolate: string;
  /** Receives the name of each lease that is released while the log has a subscriber. */
  readonly onLeaseReleased: (lease: string) => void;
}

/** Creates a log in Redis. It sends nothing before it is used, and only pings while nothing is published. */
export function createRedisEventLog(
  { runtime, client, keys, retention, isolate, onLeaseReleased }: RedisEventLogContext,
): EventLog {
  const bus = createRedisBus(client, keys);
  let consumer: RedisConsumer | null = null;
  let reading: Promise<LogState> | null = null;

  /** Reads the log's state once for all concurrent callers. */
  function readState(): Promise<LogState> {
    reading ??= bus.state().finally(() => reading = null);
    return reading;
  }

  function isWithin({ epoch, head }: LogState, cursor: Position): boolean {
    return comparePositions(epoch, cursor) <= 0 && comparePositions(cursor, head) <= 0;
  }

  return {
    append: createRedisAppend({ runtime, client, keys, retention, isolate }),
    ...createRedisReplay({ clock: runtime.clock, client, keys, retention }),

    subscribe() {
      const { channel } = keys;
      consumer = createRedisConsumer({ runtime, client, bus, channel, onLeaseReleased });
      return consumer.messages;
    },

    async head() {
      return (await bus.state()).head;
    },

    async honours(cursor) {
      if (!isPosition(cursor)) return false;
      const known = consumer?.state;
      if (known && comparePositions(cursor, known.head) <= 0) return isWithin(known, cursor);
      const isShared = reading !== null;
      const state = await readState();
      // A read that began earlier may be older than the cursor.
      const isStale = isShared && comparePositions(cursor, state.head) > 0;
      return isWithin(isStale ? await readState() : state, cursor);
    },
  };
}
