/**
 * Where publications meet their followers.
 *
 * An event goes one way: checked, appended to the log, read from it, encoded, taken into this isolate's window, flushed
 * to every audience that follows.
 *
 * @module
 */
import type { Publication } from "../core/event.ts";
import { messageOf } from "../core/logger.ts";
import { noMetrics, type StreamFigures, type TopicKind } from "../core/metrics.ts";
import type { Place } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { World } from "../core/runtime.ts";
import type { SharedState } from "../store/backend.ts";
import { encodeFrames } from "../wire/sse.ts";
import { createAudiences } from "./broadcast_groups.ts";
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
import type { Subscription, Wish } from "./topic_filter.ts";
import { createWindows, type Starter } from "./windows.ts";

/** Publish and subscribe. */
export interface Hub {
  /** Settles later, by a second at most, while more than half a window of the topic waits to be handed out. */
  readonly publish: Publish;
  readonly change: Change;
  /** Settles when this isolate has received what was published under these ids, or soon. */
  received(ids: readonly Place[]): Promise<void>;
  /** Shows followers of a state topic what cannot be published now. It gives way to newer values of the log. */
  show(topic: Topic, publications: readonly Publication[]): void;
  /** Opens a stream: the body of a response. Null where its cursor says that all it asks for is over, and was told. */
  subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array> | null>;
  /** What a filter lets through now: the newest of a state topic, what is recent of a log topic. */
  newest(wish: Wish): Promise<Newest>;
  /** Log topics: what a filter lets through after a cursor, at most so many events. */
  since(wish: Wish, cursor: string, most: number): Promise<Excerpt>;
  /** Runs something from a topic's first follower to its last: of each of a family, where its name is given. */
  whileFollowed(topic: Pick<Topic, "name">, start: Starter): void;
  /** Calls `listener` whenever something was published on a topic that is followed, by whomever. */
  onPublished(topic: Topic, listener: () => void): void;
  /** Calls `listener` whenever this isolate stands in the log anew: what was published before it may never be told of. */
  onJoined(listener: () => void): void;
  /** Follows a topic for `ms` milliseconds from now on, whatever was said before. */
  hold(topic: Topic, ms: number): void;
  /** How its streams are doing now, by the kind of their topics. */
  streams(): ReadonlyMap<TopicKind, StreamFigures>;
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
export type HubWorld = Pick<World, "clock" | "random" | "log" | "metrics">;

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
      audiences.forget();
    },
    receive(events, before) {
      audiences.deliver(events, before);
      listeners.get(events[0]?.topic ?? "")?.();
    },
    reset(head) {
      windows.reset(head);
      reader.forgetAll();
    },
    join({ birth }, before) {
      if (before !== null && before.birth !== birth) startAnew(birth);
      else if (before !== null) audiences.moved(before.head);
      placing.run();
      for (const listener of joinListeners) listener();
    },
    onFault,
  });
  const { head } = intake;
  const isReadable = () => intake.birth() !== null && !isAway();
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
  const audiences = createAudiences({
    clock,
    windows,
    head,
    readLog: (...asked) => reader.read(...asked),
    bye,
    onLeave(audience, client, reason) {
      audiences.letGo(audience);
      chronicle.end(audience, client, reason);
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
  function startAnew(birth: Place): void {
    placing.restart(
      audiences.unplace().map(([client, audience]) => ({ client, audience, cursor: null, birth })),
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
    audiences,
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
      const room = audiences.room(topic.name);
      if (room) await room; // who publishes faster than can be handed out waits for it
      return ids;
    },

    change,

    async received(ids) {
      const last = ids.at(-1);
      if (last) await intake.reached(last);
    },

    show(topic, publications) {
      const drafts = publications.map((each) => draftOf(topic, each, options.maxEventBytes));
      const values = unlogged(topic, drafts);
      const shown = windows.get(topic.name)?.show(values) ?? [];
      if (shown.length > 0) audiences.show(topic.name, shown);
    },

    subscribe: enter,

    newest: excerpts.newest,
    since: excerpts.since,
    whileFollowed: windows.whileFollowed,
    onPublished: (topic, listener) => void listeners.set(topic.name, listener),
    onJoined: (listener) => void joinListeners.push(listener),

    hold: holds.hold,
    streams: () => chronicle.figures(audiences.all()),

    drain() {
      isDraining = true;
      audiences.endAll("drain");
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
