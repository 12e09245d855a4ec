/**
 * Where publications meet their followers.
 *
 * An event goes one way: checked, appended to the log, read from it, encoded, taken into this isolate's window, flushed
 * to every audience that follows.
 *
 * @module
 */
import type { Publication, StreamEvent } from "../core/event.ts";
import { messageOf } from "../core/log.ts";
import { noMetrics, type StreamFigures, type TopicKind } from "../core/metrics.ts";
import { NOWHERE, type Place } from "../core/place.ts";
import type { Topic } from "../core/topic.ts";
import type { World } from "../core/world.ts";
import type { SharedState } from "../store/shared_state.ts";
import { encodeFrames } from "../wire/sse.ts";
import { createAudiences } from "./audiences.ts";
import { createChronicle } from "./chronicle.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { createHolds } from "./holds.ts";
import { createIntake } from "./intake.ts";
import { createLogReader } from "./log_reader.ts";
import { encodeOpening, openingFrames, shownFrames, topicFrames } from "./opening.ts";
import { createOutage } from "./outage.ts";
import { createPlacing } from "./placing.ts";
import { createPublish, draftOf, type Publish, unlogged } from "./publish.ts";
import { passes } from "./read.ts";
import { createStarts } from "./start.ts";
import type { Subscription, Wish } from "./subscription.ts";
import { createWindows, type Holding, type Starter } from "./windows.ts";

/** The newest of a state topic, and where the log stood: null while that cannot be told. */
export interface Newest {
  readonly events: readonly StreamEvent[];
  readonly cursor: Place | null;
}

/** Publish and subscribe. */
export interface Hub {
  readonly publish: Publish;
  /** Settles when this isolate has received what was published under these ids, or soon. */
  received(ids: readonly Place[]): Promise<void>;
  /** Shows followers of a state topic what cannot be published now. It gives way to newer values of the log. */
  show(topic: Topic, publications: readonly Publication[]): void;
  /** Opens a stream: the body of a response. */
  subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array>>;
  /** What a state topic's filter lets through now. */
  newest(wish: Wish): Promise<Newest>;
  /** Runs something from a topic's first follower to its last. */
  whileFollowed(topic: Topic, start: Starter): void;
  /** Calls `listener` whenever something was published on a topic that is followed, by whomever. */
  onPublished(topic: Topic, listener: () => void): void;
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
    head,
    readLog: (...asked) => reader.read(...asked),
    bye,
    onFault,
    heartbeatMs,
    coalesceMs,
    windowEvents: retainEvents,
  });
  const starts = createStarts(log, reader, intake, isAway);
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

  async function openAll(wishes: readonly Wish[]): Promise<Holding[]> {
    const results = await Promise.allSettled(wishes.map(({ topic }) => windows.open(topic)));
    const holdings = results.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const failed = results.find((each) => each.status === "rejected");
    if (!failed) return holdings;
    for (const holding of holdings) holding.release();
    throw failed.reason;
  }

  async function begin(
    { wishes, cursor: text, withSnapshot = false, maxRate }: Subscription,
    holdings: readonly Holding[],
    onEnd: (reason: EndReason) => void,
  ): Promise<ReadableStream<Uint8Array>> {
    const follows = wishes.flatMap(({ tags }, i) => {
      const window = holdings[i]?.window;
      return window ? [{ window, tags: tags && new Set(tags) }] : [];
    });
    const { cursor, missed, ...start } = await starts.of(
      follows,
      holdings,
      text,
      withSnapshot,
    );

    // From here on nothing waits: an event is either in the opening or comes after it.
    const isPlaced = start.isPlaced && holdings.every((holding) => holding.isFilled);
    const now = clock.now();
    const audience = audiences.of(follows, maxRate);
    const isResumed = cursor?.isHonoured ?? false;
    const place = cursor?.isHonoured ? cursor.place : isPlaced ? head() : NOWHERE;
    const topics = wishes.map(({ topic }) => topic.name);
    const sync = { retryMs, heartbeatMs, serverTime: now, isResumed, topics };
    const opened = isResumed && !withSnapshot
      ? follows.flatMap(shownFrames)
      : isPlaced
      ? audiences.opened(audience)
      : follows.flatMap(topicFrames);
    const told = isPlaced && !isAway() ? place : null;
    const opening = encodeOpening(openingFrames(sync, missed.gaps, opened, told));

    const standing = audience.standing();
    const isInStep = isPlaced && standing.place === place && opening.length === 1;
    const ended = chronicle.begin({ topics, isResumed });
    const client = new ClientStream({
      keeper: audience,
      standing: isInStep ? standing : { place },
      opening,
      told: missed.told,
      openedAt: now,
      expiresAt: now + streamMaxAgeMs * (0.9 + 0.2 * random()),
      onEnd(reason) {
        audiences.tidy(audience);
        ended(reason, client.delivered);
        onEnd(reason);
      },
    });
    client.isPlaced = isPlaced;
    audience.join(client);
    const stream = new ReadableStream(client);
    const asked = cursor?.isHonoured ? cursor.place : null;
    if (isDraining) client.end("drain", bye("drain")); // it came in while we went
    else if (!isPlaced) placing.add({ client, audience, cursor: asked, birth: null });
    return stream;
  }

  return {
    publish: createPublish(log, metrics, options.maxEventBytes),

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

    async subscribe(subscription) {
      const holdings = await openAll(subscription.wishes);
      const release = () => holdings.forEach((holding) => holding.release());
      try {
        return await begin(subscription, holdings, (reason) => {
          release();
          subscription.onEnd?.(reason);
        });
      } catch (thrown) {
        release();
        throw thrown;
      }
    },

    async newest({ topic, tags }) {
      const holding = await windows.open(topic);
      const wanted = tags && new Set(tags);
      const events = holding.window.values().filter((event) => passes(wanted, event));
      const isKnown = holding.isFilled && !isAway();
      holding.release();
      return { events, cursor: isKnown ? head() : null };
    },

    whileFollowed: windows.whileFollowed,
    onPublished: (topic, listener) => void listeners.set(topic.name, listener),

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
