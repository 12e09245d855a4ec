/**
 * Followers of the log in one isolate. They share one subscription, which is open while there are any.
 *
 * @module
 */
import type { LogMessage } from "../../core/event.ts";
import { weightOf } from "../event_log.ts";
import type { LogState } from "./bus.ts";
import { createRedisTail, type RedisTail, type TailContext } from "./consumer.ts";

/** The most that waits for a follower who does not read, in bytes. */
const MOST_BYTES = 8_388_608;

/** The followers. */
export interface RedisFollow {
  follow(): ReadableStream<LogMessage>;
  /** Where the followers stand: null where there are none, or where that was never known. */
  readonly stand: LogState | null;
}

interface Follower {
  readonly controller: ReadableStreamDefaultController<LogMessage>;
  /** It must be told where it stands before it is given anything. */
  isNew: boolean;
}

function sizeOf(delivery: LogMessage | undefined): number {
  if (delivery?.kind !== "published") return 1;
  return delivery.events.reduce((sum, event) => sum + weightOf(event), 64);
}

/** Creates what followers share. Nothing is sent before the first. */
export function createRedisFollow(
  context: TailContext,
): RedisFollow {
  const followers = new Set<Follower>();
  let tail: RedisTail | null = null;

  function admit(follower: Follower): void {
    const { controller, isNew } = follower;
    const stand = tail?.stand;
    if (!stand || !isNew || (controller.desiredSize ?? 0) <= 0) return;
    follower.isNew = false;
    controller.enqueue({ kind: "joined", epoch: stand.epoch, head: stand.head });
  }

  /** Tells all anew where they stand: what came in between cannot be told. */
  function rejoin(): void {
    for (const follower of [...followers]) {
      follower.isNew = true;
      admit(follower);
    }
  }

  function deliver(delivery: LogMessage): void {
    for (const follower of [...followers]) {
      const { controller, isNew } = follower;
      if (isNew) continue;
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(delivery);
      else follower.isNew = true; // Too much waits for it: when it has read that, it is told where it stands.
    }
  }

  return {
    get stand() {
      return tail?.stand ?? null;
    },
    follow() {
      let own: Follower;
      return new ReadableStream<LogMessage>({
        start(controller) {
          own = { controller, isNew: true };
          followers.add(own);
          tail ??= createRedisTail(context, { onJoined: rejoin, onPublished: deliver });
        },
        pull: () => admit(own),
        async cancel() {
          followers.delete(own);
          if (followers.size > 0) return;
          const last = tail;
          tail = null;
          await last?.close();
        },
      }, { highWaterMark: MOST_BYTES, size: sizeOf });
    },
  };
}
