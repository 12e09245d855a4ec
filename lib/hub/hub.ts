/**
 * Where publications meet their followers.
 *
 * An event goes one way: checked, appended to the log, read from it, encoded, taken into this isolate's window, flushed
 * to every audience that follows.
 *
 * @module
 */
import type { Publication } from "../core/event.ts";
import { messageOf } from "../core/log.ts";
import { NOWHERE, type Place } from "../core/place.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import type { World } from "../core/world.ts";
import type { AppendOptions } from "../store/event_log.ts";
import type { SharedState } from "../store/shared_state.ts";
import { encodeFrames } from "../wire/sse.ts";
import { createAudiences } from "./audiences.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { createIntake } from "./intake.ts";
import { createLogReader } from "./log_reader.ts";
import { createExcerpts, type Excerpt, type Newest } from "./excerpt.ts";
import { encodeOpening, openingFrames, shownFrames } from "./opening.ts";
import { createPlacing } from "./placing.ts";
import { draftOf, unlogged } from "./publish.ts";
import { createStarts } from "./start.ts";
import type { Subscription, Wish } from "./subscription.ts";
import { createWindows, type Holding, type Starter } from "./windows.ts";

/** Publish and subscribe. */
export interface Hub {
  /**
   * Publishes events of one topic together: all or none.
   *
   * @returns Their ids. They are in the log; clients get them about now.
   * @throws {Problem} Where one of them is refused (400, 413, 422), `once` came before with another body (422), the lease
   * of the fence is another's (409), or the log does not answer (503).
   */
  publish(
    topic: Topic,
    publications: readonly Publication[],
    options?: AppendOptions,
  ): Promise<readonly Place[]>;
  /** Settles when this isolate has received what was published under these ids, or soon. */
  received(ids: readonly Place[]): Promise<void>;
  /** Shows followers of a state topic what cannot be published now. It gives way to newer values of the log. */
  show(topic: Topic, publications: readonly Publication[]): void;
  /** Opens a stream: the body of a response. */
  subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array>>;
  /** What a filter lets through now: the newest of a state topic, what is recent of a log topic. */
  newest(wish: Wish): Promise<Newest>;
  /** Log topics: what a filter lets through after a cursor, at most so many events. */
  since(wish: Wish, cursor: string, most: number): Promise<Excerpt>;
  /** Runs something from a topic's first follower to its last. */
  whileFollowed(topic: Topic, start: Starter): void;
  /** Calls `listener` whenever something was published on a topic that is followed, by whomever. */
  onPublished(topic: Topic, listener: () => void): void;
  /** Follows a topic for `ms` milliseconds from now on, whatever was said before. */
  hold(topic: Topic, ms: number): void;
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

/** Creates a hub over what isolates share. It follows the log while a topic is followed. */
export function createHub(
  { clock, random, log: logger }: Pick<World, "clock" | "random" | "log">,
  { log, health }: Pick<SharedState, "log" | "health">,
  options: HubOptions,
): Hub {
  const { heartbeatMs, streamMaxAgeMs, retryMs, coalesceMs, retainEvents, retainMs } = options;
  const onFault = (thrown: unknown) => logger.error("hub fault", { error: messageOf(thrown) });
  let isDraining = false;
  const holds = new Map<string, { release: () => void; callOff: () => void }>();

  const listeners = new Map<string, () => void>();
  const isAway = () => !health.isUp;

  const intake = createIntake({ clock, log, isAway }, {
    store(topic, events, retracted) {
      windows.add(topic, events, retracted);
      reader.forget(topic);
      if (retracted.length > 0) audiences.forget();
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
  const { head, isJoined } = intake;
  const reader = createLogReader({ clock, log, head });
  const windows = createWindows({
    clock,
    log,
    retainEvents,
    retainMs,
    head,
    isJoined,
    onIdle: () => void intake.end(),
  });
  const audiences = createAudiences({
    clock,
    head,
    isAway,
    readLog: (...asked) => reader.read(...asked),
    bye,
    onFault,
    heartbeatMs,
    coalesceMs,
    windowEvents: retainEvents,
  });
  const starts = createStarts(log, reader, intake);
  const excerpts = createExcerpts({ reader, starts, head, isAway });
  const placing = createPlacing({ clock, windows, reader, starts, ...intake, onFault });

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

  async function open(topic: Topic): Promise<Holding> {
    await intake.begin();
    return await windows.open(topic);
  }

  async function openAll(wishes: readonly Wish[]): Promise<Holding[]> {
    const results = await Promise.allSettled(wishes.map(({ topic }) => open(topic)));
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
    const { cursor, missed, ...start } = await starts.of(follows, holdings, text);

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
      : audiences.opened(audience);
    const told = isPlaced && !isAway() ? place : null;
    const opening = encodeOpening(openingFrames(sync, missed.gaps, opened, told));

    const standing = audience.standing();
    const isInStep = isPlaced && standing.place === place && opening.length === 1;
    const client = new ClientStream({
      keeper: audience,
      standing: isInStep ? standing : { place },
      opening,
      told: missed.told,
      openedAt: now,
      expiresAt: now + streamMaxAgeMs * (0.9 + 0.2 * random()),
      onEnd(reason) {
        audiences.tidy(audience);
        onEnd(reason);
      },
    });
    client.isPlaced = isPlaced;
    audience.join(client);
    const stream = new ReadableStream(client);
    if (!isPlaced) {
      const asked = cursor?.isHonoured ? cursor.place : null;
      placing.add({ client, audience, cursor: asked, birth: null });
    }
    if (isDraining) client.end("drain", bye("drain")); // it came in while we went
    return stream;
  }

  return {
    async publish(topic, publications, how) {
      const drafts = publications.map((each) => draftOf(topic, each, options.maxEventBytes));
      if (drafts.length === 0) return [];
      const appended = await log.append(topic, drafts, how);
      if ("ids" in appended) return appended.ids;
      if (appended.kind === "fenced") {
        throw new Problem(409, "fenced", "Another isolate leads by now.");
      }
      const detail = "This Idempotency-Key came before, with another body.";
      throw new Problem(422, "idempotency_key_reused", detail);
    },

    async received(ids) {
      const last = ids.at(-1);
      if (last) await intake.reached(last);
    },

    show(topic, publications) {
      const drafts = publications.map((each) => draftOf(topic, each, options.maxEventBytes));
      const values = unlogged(topic, drafts);
      windows.get(topic.name)?.show(values);
      audiences.show(topic.name, values);
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
      const holding = await open(topic);
      const newest = excerpts.newest(holding, tags);
      holding.release();
      return newest;
    },

    async since({ topic, tags }, cursor, most) {
      const holding = await open(topic);
      try {
        return await excerpts.since(holding, tags, cursor, most);
      } finally {
        holding.release();
      }
    },

    whileFollowed: windows.whileFollowed,
    onPublished: (topic, listener) => void listeners.set(topic.name, listener),

    hold(topic, ms) {
      const known = holds.get(topic.name);
      known?.callOff();
      const opening = known ? undefined : open(topic).catch(onFault);
      const release = known?.release ?? (() => {
        holds.delete(topic.name);
        opening?.then((holding) => holding?.release());
      });
      holds.set(topic.name, { release, callOff: clock.after(ms, release) });
    },

    drain() {
      isDraining = true;
      audiences.endAll("drain");
    },

    async close() {
      this.drain();
      for (const { callOff } of holds.values()) callOff();
      holds.clear();
      placing.stop();
      windows.clear();
      await intake.end();
    },
  };
}
