/**
 * Statistics of streams for operators: log lines and figures by kind. They contain nothing of the client.
 *
 * @module
 */
import { HUNG_MS, type StreamFigures } from "../core/metrics.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import type { HubContext } from "./log_consumer.ts";

const NONE: StreamFigures = { open: 0, lagging: 0, hung: 0, delivered: 0 };

/** Statistics of the streams of an isolate. */
export class StreamStats {
  /** The events that were delivered by streams that have ended, by kind. */
  readonly #delivered = new Map<string, number>();
  #count = 0;

  constructor(private readonly context: HubContext) {}

  /** Counts a stream that has opened. @returns Its number. */
  opened({ kind, kinds: topics }: BroadcastGroup, isResumed: boolean): number {
    const stream = ++this.#count;
    this.context.metrics.opened(kind);
    this.context.log.debug("stream opened", { stream, topics, resumed: isResumed });
    return stream;
  }

  ended({ kind, kinds: topics }: BroadcastGroup, client: ClientStream, reason: EndReason): void {
    const { facts: { number: stream, openedAt }, delivered: events } = client;
    this.#delivered.set(kind, (this.#delivered.get(kind) ?? 0) + events);
    this.context.metrics.closed(kind, reason);
    const duration_ms = Math.round(this.context.clock.elapsed() - openedAt);
    this.context.log.info("stream ended", { stream, topics, reason, duration_ms, events });
  }

  /** Computes the figures of all streams by kind. It visits every client, so that no state of a client needs a counter. */
  figures(groups: Iterable<BroadcastGroup>): ReadonlyMap<string, StreamFigures> {
    const figures = new Map<string, StreamFigures>();
    for (const [kind, delivered] of this.#delivered) figures.set(kind, { ...NONE, delivered });
    const now = this.context.clock.elapsed();
    for (const group of groups) {
      let { open, lagging, hung, delivered } = figures.get(group.kind) ?? NONE;
      for (const client of group.clients) {
        open++;
        if (group.isLagging(client)) lagging++;
        if (client.blockedSince !== null && now - client.blockedSince >= HUNG_MS) hung++;
        delivered += client.delivered;
      }
      figures.set(group.kind, { open, lagging, hung, delivered });
    }
    return figures;
  }
}
