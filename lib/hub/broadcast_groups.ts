/**
 * The broadcast groups of an isolate, by their topics, filter and rate.
 *
 * @module
 */
import type { Joined } from "../core/event.ts";
import type { Position } from "../core/position.ts";
import type { TopicFilter } from "../core/topic.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import { BroadcastGroup } from "./broadcast_group.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import type { HubContext, LogConsumer, LogListener } from "./log_consumer.ts";
import type { StreamStats } from "./stream_stats.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** The broadcast groups of an isolate. One timer serves the heartbeats of all. */
export class BroadcastGroups implements LogListener {
  readonly #byKey = new Map<string, BroadcastGroup>();
  readonly #byTopic = new Map<string, Set<BroadcastGroup>>();
  #stopMaintenance: (() => void) | undefined;

  constructor(
    private readonly context: HubContext,
    private readonly consumer: LogConsumer,
    private readonly windows: WindowRegistry,
    private readonly stats: StreamStats,
  ) {
    consumer.listen(this);
  }

  /** The groups, as a copy, because a group may be released while they are visited. */
  get all(): BroadcastGroup[] {
    return [...this.#byKey.values()];
  }

  /** Acquires the group of a subscription for one stream, until `release()`. */
  acquire(filters: readonly TopicFilter[], maxRate: number | undefined): BroadcastGroup {
    const intervalMs = Math.max(this.context.options.coalesceMs, 1000 / (maxRate ?? Infinity));
    const parts = filters.map(({ topic, tags, condition }) => [topic.name, tags, condition?.key]);
    const key = JSON.stringify([intervalMs, parts]);
    const group = this.#byKey.get(key) ?? this.#create(key, filters, intervalMs);
    group.streams++;
    return group;
  }

  /** Releases a group for one stream. With the last one, the group releases its windows. */
  release(group: BroadcastGroup): void {
    if (this.#byKey.get(group.key) !== group || --group.streams > 0) return;
    this.#byKey.delete(group.key);
    for (const name of group.topics.names) {
      const groups = this.#byTopic.get(name);
      if (groups?.delete(group) && groups.size === 0) this.#byTopic.delete(name);
    }
    group.topics.release();
    if (this.#byKey.size > 0) return;
    this.#stopMaintenance?.();
    this.#stopMaintenance = undefined;
  }

  published(events: readonly EncodedEvent[], retracted: readonly Position[], before: Position) {
    if (retracted.length > 0) { for (const group of this.all) group.forgetReads(); }
    for (const group of this.#groupsOf(events[0]?.topic)) group.published(events, before);
  }

  joined({ epoch }: Joined, before: Joined | null): void {
    if (before?.epoch === epoch) { for (const group of this.all) group.jumped(before.head); }
  }

  /** Sends values of a state topic that the log does not have. */
  overlay(topic: string, values: readonly EncodedEvent[]): void {
    for (const group of this.all) group.forgetReads();
    for (const group of this.#groupsOf(topic)) group.overlay(values);
  }

  /** Resolves once every group has flushed enough of a topic for another publication. Returns nothing if all have. */
  waitForRoom(topic: string): Promise<unknown> | undefined {
    const waits = [...this.#groupsOf(topic)].flatMap((group) => group.waitForRoom() ?? []);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  }

  #groupsOf(topic: string | undefined): Iterable<BroadcastGroup> {
    return this.#byTopic.get(topic ?? "") ?? [];
  }

  #create(key: string, filters: readonly TopicFilter[], intervalMs: number): BroadcastGroup {
    const { context, consumer, windows } = this;
    const onLeave = (client: ClientStream, reason: EndReason) => {
      this.release(group);
      this.stats.ended(group, client, reason);
    };
    const group = new BroadcastGroup(context, consumer, windows, key, filters, intervalMs, onLeave);
    this.#byKey.set(key, group);
    for (const name of group.topics.names) {
      this.#byTopic.set(name, (this.#byTopic.get(name) ?? new Set()).add(group));
    }
    // Heartbeats are late by this interval at most.
    const maintenanceMs = Math.min(1000, Math.max(10, context.options.heartbeatMs / 10));
    this.#stopMaintenance ??= context.clock.every(maintenanceMs, () => {
      for (const active of this.all) active.maintain();
    });
    return group;
  }
}
