/**
 * Where publications meet their followers.
 *
 * An event goes one way: checked, appended to the log, read from it, encoded, taken into this isolate's window, flushed
 * to every audience that follows.
 *
 * @module
 */
import type { EventInput } from "../core/event.ts";
import { messageOf } from "../core/logger.ts";
import { noMetrics, type StreamFigures } from "../core/metrics.ts";
import type { Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { Runtime } from "../core/runtime.ts";
import type { SharedState } from "../store/backend.ts";
import { encodeFrames } from "../wire/sse.ts";
import { createBroadcastGroups } from "./broadcast_groups.ts";
import { createChronicle } from "./stream_stats.ts";
import type { EndReason } from "./client_stream.ts";
import { createEntrance } from "./subscribe.ts";
import { createHolds } from "./keep_open.ts";
import { createIntake } from "./log_consumer.ts";
import { createLogReader } from "./replay.ts";
import { createExcerpts, type Excerpt, type Newest } from "./queries.ts";
import { createOutage } from "./store_probe.ts";
import { createPlacing } from "./resync.ts";
import { type Change, createPublishing, draftOf, type Publish, unlogged } from "./publisher.ts";
import { createStarts } from "./resume.ts";
import type { Subscription, TopicFilter } from "./topic_filter.ts";
import { createWindows, type Starter } from "./windows.ts";

/** Publish and subscribe. */
export interface Hub {
  /** Settles later, by a second at most, while more than half a window of the topic waits to be handed out. */
  readonly publish: Publish;
  readonly updateAndPublish: Change;
  /** Settles when this isolate has received what was published under these ids, or soon. */
  received(ids: readonly Position[]): Promise<void>;
  /** Shows followers of a state topic what cannot be published now. It gives way to newer values of the log. */
  show(topic: Topic, publications: readonly EventInput[]): void;
  /** Opens a stream: the body of a response. Null where its cursor says that all it asks for is over, and was told. */
  subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array> | null>;
  /** What a filter lets through now: the newest of a state topic, what is recent of a log topic. */
  latest(filter: TopicFilter): Promise<Newest>;
  /** Log topics: what a filter lets through after a cursor, at most so many events. */
  since(filter: TopicFilter, cursor: string, most: number): Promise<Excerpt>;
  /** Runs something from a topic's first follower to its last: of each of a family, where its name is given. */
  whileSubscribed(topic: Pick<Topic, "name">, start: Starter): void;
  /** Calls `listener` whenever something was published on a topic that is followed, by whomever. */
  onPublished(topic: Topic, listener: () => void): void;
  /** Calls `listener` whenever this isolate stands in the log anew: what was published before it may never be told of. */
  onJoined(listener: () => void): void;
  /** Follows a topic for `ms` milliseconds from now on, whatever was said before. */
  keepOpen(topic: Topic, ms: number): void;
  /** How its streams are doing now, by the kind of their topics. */
  streams(): ReadonlyMap<string, StreamFigures>;
  /** Ends every stream with `bye` `drain`. */
  drain(): void;
  /** Ends everything the hub runs. */
  close(): Promise<void>;
}

/** Settings of a hub: of the same names as the contract's. */
export interface HubOptions {
  readonly heartbeatMs: number;
  readonly streamMaxAgeMs: number;
  readonly retryMs: number;
  readonly coalesceMs: number;
  readonly retainEvents: number;
  readonly retainMs: number;
  readonly maxEventBytes: number;
}

/** What of the world a hub needs. */
export type HubWorld = Pick<Runtime, "clock" | "random" | "log" | "metrics">;

/** Creates a hub over what isolates share. It follows the log while a topic is followed. */
export function createHub(
  { clock, random, log: logger, metrics = noMetrics }: HubWorld,
  { log, health }: Pick<SharedState, "log" | "health">,
  options: HubOptions,
): Hub {
  const { heartbeatMs, streamMaxAgeMs, retryMs, coalesceMs, retainEvents, retainMs } = options;
  const onFault = (thrown: unknown) => logger.error("hub fault", { error: messageOf(thrown) });
  let isDraining = false;

  const listeners = new Map<string, () => void>();
  const joinListeners: (() => void)[] = [];
  const isAway = createOutage(clock, health);
  const chronicle = createChronicle({ clock, log: logger, metrics });

  const intake = createIntake({ clock, log, isAway }, {
    store(events, retracted) {
      windows.add(events, retracted);
      reader.forget(events[0]?.topic ?? "");
      if (retracted.length === 0) return;
      reader.forgetAll();
      groups.forget();
    },
    receive(events, before) {
      groups.deliver(events, before);
      listeners.get(events[0]?.topic ?? "")?.();
    },
    reset(head) {
      windows.reset(head);
      reader.forgetAll();
    },
    join({ epoch }, before) {
      if (before !== null && before.epoch !== epoch) startAnew(epoch);
      else if (before !== null) groups.moved(before.head);
      placing.run();
      for (const listener of joinListeners) listener();
    },
    onFault,
  });
  const { head } = intake;
  const isReadable = () => intake.epoch() !== null && !isAway();
  const reader = createLogReader({ clock, log, head, isAway });
  const windows = createWindows({
    clock,
    log,
    retainEvents,
    retainMs,
    head,
    isReadable,
    onOpen: intake.begin,
    onIdle: () => void intake.end(),
    onFault,
  });
  const holds = createHolds(clock, (topic) => windows.open(topic).catch(onFault));
  const groups = createBroadcastGroups({
    clock,
    windows,
    head,
    readLog: (...asked) => reader.read(...asked),
    bye,
    onLeave(group, client, reason) {
      groups.letGo(group);
      chronicle.end(group, client, reason);
    },
    onFault,
    heartbeatMs,
    coalesceMs,
    bounds: windows.bounds,
  });
  const starts = createStarts(log, reader, intake, isAway);
  const excerpts = createExcerpts({ open: windows.open, reader, starts, head, isAway });
  const placing = createPlacing({ clock, windows, reader, starts, head, isReadable, onFault });

  /** The log was lost under us: another has begun, and all who follow begin anew with it. */
  function startAnew(epoch: Position): void {
    placing.restart(
      groups.unplace().map(([client, group]) => ({ client, group, cursor: null, epoch })),
    );
  }

  function bye(reason: EndReason): Uint8Array {
    const ms = Math.round(retryMs * (0.5 + random()));
    const data = JSON.stringify({ reason, retry_ms: ms });
    return encodeFrames({ retry: ms, event: "bye", data });
  }

  const enter = createEntrance({
    clock,
    random,
    starts,
    groups,
    chronicle,
    placing,
    head,
    isAway,
    isDraining: () => isDraining,
    bye,
    heartbeatMs,
    streamMaxAgeMs,
    retryMs,
  });

  const { publish, change } = createPublishing(log, metrics, options.maxEventBytes);

  return {
    async publish(topic, ...rest) {
      const ids = await publish(topic, ...rest);
      const room = groups.room(topic.name);
      if (room) await room; // who publishes faster than can be handed out waits for it
      return ids;
    },

    updateAndPublish: change,

    async received(ids) {
      const last = ids.at(-1);
      if (last) await intake.reached(last);
    },

    show(topic, publications) {
      const drafts = publications.map((each) => draftOf(topic, each, options.maxEventBytes));
      const values = unlogged(topic, drafts);
      const shown = windows.get(topic.name)?.show(values) ?? [];
      if (shown.length > 0) groups.show(topic.name, shown);
    },

    subscribe: enter,

    latest: excerpts.newest,
    since: excerpts.since,
    whileSubscribed: windows.whileFollowed,
    onPublished: (topic, listener) => void listeners.set(topic.name, listener),
    onJoined: (listener) => void joinListeners.push(listener),

    keepOpen: holds.hold,
    streams: () => chronicle.figures(groups.all()),

    drain() {
      isDraining = true;
      groups.endAll("drain");
    },

    async close() {
      this.drain();
      placing.stop();
      windows.clear();
      holds.end();
      await intake.end();
    },
  };
}
