/**
 * The event log of many isolates, in Redis.
 *
 * @module
 */
import { comparePositions, isPosition, type Position } from "../../core/position.ts";
import type { EventLog } from "../event_log.ts";
import { createRedisAppend } from "./append.ts";
import { createRedisBus, type LogState } from "./bus.ts";
import type { RedisContext } from "./client.ts";
import { createRedisConsumer, type RedisConsumer } from "./consumer.ts";
import { createRedisReplay } from "./replay.ts";

/** Creates a log in Redis. It sends nothing before it is used, and only pings while nothing is published. */
export function createRedisEventLog(context: RedisContext): EventLog {
  const bus = createRedisBus(context);
  let consumer: RedisConsumer | null = null;
  let pendingRead: Promise<LogState> | null = null;

  /** Reads the log's state once for all concurrent callers. */
  function readState(): Promise<LogState> {
    pendingRead ??= bus.state().finally(() => pendingRead = null);
    return pendingRead;
  }

  function isWithin({ epoch, head }: LogState, cursor: Position): boolean {
    return comparePositions(epoch, cursor) <= 0 && comparePositions(cursor, head) <= 0;
  }

  return {
    append: createRedisAppend(context),
    ...createRedisReplay(context),

    subscribe() {
      consumer = createRedisConsumer(context, bus);
      return consumer.messages;
    },

    async head() {
      return (await bus.state()).head;
    },

    async honours(cursor) {
      if (!isPosition(cursor)) return false;
      const consumed = consumer?.state;
      if (consumed && comparePositions(cursor, consumed.head) <= 0) {
        return isWithin(consumed, cursor);
      }
      const isShared = pendingRead !== null;
      const state = await readState();
      // A read that began earlier may be older than the cursor.
      const isStale = isShared && comparePositions(cursor, state.head) > 0;
      return isWithin(isStale ? await readState() : state, cursor);
    },
  };
}
