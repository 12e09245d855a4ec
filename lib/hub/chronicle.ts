/**
 * What operators are told of streams: a line at the start and at the end of each, and how many there are. Of the client
 * nothing is told: neither its address nor what it sent.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import {
  kindOfStream,
  kindOfTopic,
  type Metrics,
  type StreamFigures,
  type TopicKind,
} from "../core/metrics.ts";
import type { Audience } from "./audience.ts";
import type { EndReason } from "./client_stream.ts";
import { tally } from "./tally.ts";

/** What is told of a stream's start. */
export interface Beginning {
  /** The names of its topics: only their kinds are told. */
  readonly topics: readonly string[];
  /** Whether its cursor was honoured. */
  readonly isResumed: boolean;
}

/** Who is told of streams. */
export interface Chronicle {
  /** A stream begins. @returns What is to be told of its end, once. */
  begin(beginning: Beginning): (reason: EndReason, delivered: number) => void;
  /** How streams are doing, those of `audiences` and all that have ended. */
  figures(audiences: Iterable<Audience>): ReadonlyMap<TopicKind, StreamFigures>;
}

/** Creates a chronicle in which nothing is written yet. */
export function createChronicle(
  { clock, log, metrics }: {
    readonly clock: Clock;
    readonly log: Pick<Log, "debug" | "info">;
    readonly metrics: Metrics;
  },
): Chronicle {
  /** What streams that have ended were given. */
  const past = new Map<TopicKind, number>();
  let count = 0;

  return {
    begin({ topics: names, isResumed }) {
      const kind = kindOfStream(names);
      const topics = [...new Set(names.map(kindOfTopic))];
      const stream = ++count;
      const from = clock.now();
      metrics.opened(kind);
      log.debug("stream opened", { stream, topics, resumed: isResumed });
      return (reason, delivered) => {
        past.set(kind, (past.get(kind) ?? 0) + delivered);
        metrics.closed(kind, reason);
        const ms = clock.now() - from;
        log.info("stream ended", { stream, topics, reason, duration_ms: ms, events: delivered });
      };
    },
    figures: (audiences) => tally(audiences, past, clock.now()),
  };
}
