/**
 * What operators are told of streams: a line at the start and at the end of each, and how many there are. Of the client
 * nothing is told: neither its address nor what it sent.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Metrics, StreamFigures } from "../core/metrics.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import { tally } from "./stream_figures.ts";

/** Who is told of streams. */
export interface Chronicle {
  /** A stream of this audience begins. @returns Its number. */
  begin(group: Kinds, isResumed: boolean): number;
  /** It ends. */
  end(group: Kinds, stream: Told, reason: EndReason): void;
  /** How streams are doing, those of `audiences` and all that have ended. */
  figures(groups: Iterable<BroadcastGroup>): ReadonlyMap<string, StreamFigures>;
}

/** What is told of a stream's topics: only their kinds. */
type Kinds = Pick<BroadcastGroup, "kind" | "kinds">;

/** What is told of a stream at its end. */
type Told = Pick<ClientStream, "number" | "openedAt" | "delivered">;

/** Creates a chronicle in which nothing is written yet. */
export function createChronicle(
  { clock, log, metrics }: {
    readonly clock: Clock;
    readonly log: Pick<Logger, "debug" | "info">;
    readonly metrics: Metrics;
  },
): Chronicle {
  /** What streams that have ended were given. */
  const past = new Map<string, number>();
  let count = 0;

  return {
    begin({ kind, kinds: topics }, isResumed) {
      const stream = ++count;
      metrics.opened(kind);
      log.debug("stream opened", { stream, topics, resumed: isResumed });
      return stream;
    },
    end({ kind, kinds: topics }, { number: stream, openedAt, delivered: events }, reason) {
      past.set(kind, (past.get(kind) ?? 0) + events);
      metrics.closed(kind, reason);
      const duration_ms = clock.now() - openedAt;
      log.info("stream ended", { stream, topics, reason, duration_ms, events });
    },
    figures: (groups) => tally(groups, past, clock.now()),
  };
}
