/**
 * The hub: publish and subscribe for one isolate.
 *
 * Every event takes the same path: it is serialised and appended to the log (`publisher.ts`), read from the log and encoded
 * (`log_consumer.ts`), put into the window of its topic (`window_registry.ts`), and flushed to every broadcast group that
 * subscribes to it (`broadcast_groups.ts`).
 *
 * @module
 */
import type { Batch } from "../core/event.ts";
import { messageOf } from "../core/logger.ts";
import { noMetrics, type StreamFigures } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Topic } from "../core/topic.ts";
import type { SharedState } from "../store/backend.ts";
import { BroadcastGroups } from "./broadcast_groups.ts";
import { type HubContext, type HubOptions, LogConsumer } from "./log_consumer.ts";
import { Publisher } from "./publisher.ts";
import { Queries } from "./queries.ts";
import { Resumer } from "./resume.ts";
import { Resync } from "./resync.ts";
import { StreamStats } from "./stream_stats.ts";
import { Subscriber } from "./subscribe.ts";
import { WindowRegistry } from "./window_registry.ts";

/** Publish and subscribe. The classes below document the methods that are picked from them. */
export interface Hub
  extends
    Pick<Publisher, "publish" | "updateAndPublish" | "overlay">,
    Pick<Subscriber, "subscribe">,
    Pick<Queries, "latest" | "since">,
    Pick<WindowRegistry, "whileSubscribed" | "keepOpen"> {
  /** Resolves once this isolate has received these ascending ids, after a second, or now if it does not consume the log. */
  received(ids: readonly Position[]): Promise<void>;
  /** Calls a listener with the events of a subscribed topic whenever some arrive, whichever isolate published it. */
  onPublished(topic: Topic, listener: (events: Batch) => void): void;
  /** Calls a listener whenever this isolate joins the log. Events before that may never arrive. */
  onJoined(listener: () => void): void;
  /** Returns the figures of the open streams, by the kind of their topics. */
  streams(): ReadonlyMap<string, StreamFigures>;
  /** Lists the invariants of its broadcast groups that do not hold, for tests. */
  violations(): string[];
  /** Ends every stream with `bye` `drain`, including those that open later. */
  drain(): void;
  /** Ends every stream and task, and stops consuming the log. */
  close(): Promise<void>;
}

/** Creates a hub over the state that isolates share. It consumes the log while a topic has subscribers. */
export function createHub(
  runtime: Pick<Runtime, "clock" | "random" | "log" | "metrics">,
  state: Pick<SharedState, "log" | "health">,
  options: HubOptions,
): Hub {
  const { clock, random, log, metrics = noMetrics } = runtime;
  const onFault = (thrown: unknown) => log.error("hub fault", { error: messageOf(thrown) });
  const context: HubContext = { clock, random, log, metrics, state, options, onFault };
  // Each part receives the consumer's messages after the parts above it.
  const consumer = new LogConsumer(context);
  const windows = new WindowRegistry(context, consumer);
  const stats = new StreamStats(context);
  const groups = new BroadcastGroups(context, consumer, windows, stats);
  const resumer = new Resumer(context, consumer);
  const resync = new Resync(context, consumer, windows, groups, resumer);
  const subscriber = new Subscriber(context, consumer, groups, resumer, resync, stats);
  const queries = new Queries(consumer, windows, resumer);
  const publisher = new Publisher(context, windows, groups);

  return {
    publish: (topic, inputs, options) => publisher.publish(topic, inputs, options),
    updateAndPublish: (...args) => publisher.updateAndPublish(...args),
    overlay: (topic, inputs) => publisher.overlay(topic, inputs),
    subscribe: (subscription) => subscriber.subscribe(subscription),
    latest: (filter) => queries.latest(filter),
    since: (filter, cursor, maxEvents) => queries.since(filter, cursor, maxEvents),
    whileSubscribed: (topic, start) => windows.whileSubscribed(topic, start),
    keepOpen: (topic, ms) => windows.keepOpen(topic, ms),
    received: (ids) => consumer.received(ids.at(-1) ?? ORIGIN),
    onPublished: ({ name }, listener) =>
      consumer.listen({ published: (events) => events[0]?.topic === name && listener(events) }),
    onJoined: (listener) => consumer.listen({ joined: listener }),
    streams: () => stats.figures(groups.all),
    violations: () => groups.all.flatMap((group) => group.violations()),
    drain: () => subscriber.drain(),
    async close() {
      subscriber.drain();
      resync.stop();
      windows.close();
      await consumer.stop();
    },
  };
}
