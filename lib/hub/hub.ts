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
import { isPlace, type Place } from "../core/place.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import type { World } from "../core/world.ts";
import type { EventLog, Once } from "../store/event_log.ts";
import { encodeFrames } from "../wire/sse.ts";
import { createAudiences } from "./audiences.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { createIntake } from "./intake.ts";
import { createLogReader } from "./log_reader.ts";
import { type Cursor, encodeOpening, type Missed, missedBy, openingFrames } from "./opening.ts";
import { draftOf } from "./publish.ts";
import { passes } from "./read.ts";
import type { Subscription, Wish } from "./subscription.ts";
import { createWindows, type Holding, type Starter } from "./windows.ts";

/** The newest of a state topic, and where the log stood. */
export interface Newest {
  readonly events: readonly StreamEvent[];
  readonly cursor: Place;
}

/** Publish and subscribe. */
export interface Hub {
  /**
   * Publishes events of one topic together: all or none.
   *
   * @returns Their ids. They are in the log; clients get them about now.
   * @throws {Problem} Where one of them is refused (400, 413, 422), or `once` came before with another body (422).
   */
  publish(
    topic: Topic,
    publications: readonly Publication[],
    once?: Once,
  ): Promise<readonly Place[]>;
  /** Settles when this isolate has received what was published under these ids. */
  received(ids: readonly Place[]): Promise<void>;
  /** Opens a stream: the body of a response. */
  subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array>>;
  /** What a state topic's filter lets through now. */
  newest(wish: Wish): Promise<Newest>;
  /** Runs something from a topic's first follower to its last. */
  whileFollowed(topic: Topic, start: Starter): void;
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

const NOTHING_MISSED: Missed = { gaps: [], told: new Map() };

/** Creates a hub over a log. It follows the log from the first follower on. */
export function createHub(
  { clock, random, log: logger }: Pick<World, "clock" | "random" | "log">,
  log: EventLog,
  options: HubOptions,
): Hub {
  const { heartbeatMs, streamMaxAgeMs, retryMs, coalesceMs, retainEvents, retainMs } = options;
  const onFault = (thrown: unknown) => logger.error("hub fault", { error: messageOf(thrown) });
  let isDraining = false;
  const holds = new Map<string, { release: () => void; callOff: () => void }>();

  const intake = createIntake(log, {
    store(topic, events) {
      windows.add(topic, events);
      reader.forget(topic);
    },
    receive: (events, before) => audiences.deliver(events, before),
    onFault,
  });
  const reader = createLogReader({ clock, log, head: intake.head });
  const windows = createWindows({ clock, log, retainEvents, retainMs, ...intake });
  const audiences = createAudiences({
    clock,
    head: intake.head,
    readLog: reader.read,
    bye,
    onFault,
    heartbeatMs,
    coalesceMs,
    windowEvents: retainEvents,
  });

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

  async function cursorOf(text: string): Promise<Cursor> {
    const isHonoured = isPlace(text) && await log.honours(text);
    return { place: isHonoured ? text : intake.head(), isHonoured };
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
    const cursor = text ? await cursorOf(text) : undefined;
    const { gaps, told } = cursor ? await missedBy(reader, follows, cursor) : NOTHING_MISSED;

    // From here on nothing waits: an event is either in the opening or comes after it.
    const now = clock.now();
    const audience = audiences.of(follows, maxRate);
    const isResumed = cursor?.isHonoured ?? false;
    const place = cursor?.isHonoured ? cursor.place : intake.head();
    const topics = wishes.map(({ topic }) => topic.name);
    const sync = { retryMs, heartbeatMs, serverTime: now, isResumed, topics };
    const opened = isResumed && !withSnapshot ? [] : audiences.opened(audience);
    const opening = encodeOpening(openingFrames(sync, gaps, opened, place));

    const standing = audience.standing();
    const isInStep = standing.place === place && opening.length === 1;
    const client = new ClientStream({
      keeper: audience,
      standing: isInStep ? standing : { place },
      opening,
      told,
      openedAt: now,
      expiresAt: now + streamMaxAgeMs * (0.9 + 0.2 * random()),
      onEnd(reason) {
        audiences.tidy(audience);
        onEnd(reason);
      },
    });
    audience.join(client);
    const stream = new ReadableStream(client);
    if (isDraining) client.end("drain", bye("drain")); // it came in while we went
    return stream;
  }

  return {
    async publish(topic, publications, once) {
      const drafts = publications.map((each) => draftOf(topic, each, options.maxEventBytes));
      if (drafts.length === 0) return [];
      const appended = await log.append(topic, drafts, once);
      if (appended.kind !== "conflict") return appended.ids;
      const detail = "This Idempotency-Key came before, with another body.";
      throw new Problem(422, "idempotency_key_reused", detail);
    },

    async received(ids) {
      const last = ids.at(-1);
      if (last) await intake.reached(last);
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
      const wanted = tags && new Set(tags);
      const events = holding.window.after().filter((event) => passes(wanted, event));
      holding.release();
      return { events, cursor: intake.head() };
    },

    whileFollowed: windows.whileFollowed,

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
      windows.clear();
      await intake.end();
    },
  };
}
