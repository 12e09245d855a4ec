/**
 * A shared log that goes away, lags, jumps and is lost when a test says so.
 *
 * @module
 */
import type { EventInput, LogMessage } from "../../lib/core/event.ts";
import { comparePositions, type Position } from "../../lib/core/position.ts";
import type { Topic } from "../../lib/core/topic.ts";
import type { HubOptions } from "../../lib/hub/log_consumer.ts";
import { serialize } from "../../lib/core/serialize.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import type { AppendOptions, EventLog } from "../../lib/store/event_log.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { createHubOver, type HubUnderTest, settings } from "./support.ts";

/** How the log is now, as this isolate sees it. */
type Mood = "well" | "lagging" | "away";

/** A log as a hub is given it, and what a test may do to it. */
export interface ShakyLog extends Pick<SharedState, "log" | "health"> {
  /** It does not answer, says so, and delivers nothing. */
  leave(): void;
  /** It answers, and delivers nothing. */
  lag(): void;
  /** It is well again, and hands on what it withheld, in order. */
  comeBack(): void;
  /** It is well again, and does not tell what it withheld, only where it stands. */
  jump(): Promise<void>;
  /** Another log, empty and born later, takes its place. Followers hear of that when it is well. */
  lose(): void;
  /** Lets answers wait that are asked for from now on. They are those of the moment they were asked for. @returns What lets them go. */
  hold(): () => void;
  /** Another isolate publishes, for which the log is well. @returns The ids. */
  elsewhere(
    topic: Topic,
    publications: readonly EventInput[],
    options?: AppendOptions,
  ): Promise<readonly Position[]>;
  /** Where the log stands in truth. */
  trueHead(): Promise<Position>;
  /** Deliveries that were invented. */
  deliver(delivery: LogMessage): void;
  /** How often it was asked what, and how often whether it is well. */
  readonly calls: Record<"after" | "latest" | "honours" | "head" | "check", number>;
  /** Followers now. */
  readonly followers: number;
}

interface Follower {
  readonly controller: ReadableStreamDefaultController<LogMessage>;
  reader: ReadableStreamDefaultReader<LogMessage>;
  withheld: LogMessage[];
}

/** Creates a shaky log. @param mood How it is at first. */
export function createShakyLog(
  clock: ManualClock,
  options: HubOptions,
  mood: Mood = "well",
): ShakyLog {
  let births = 0;
  let inner = createInner();
  let gate = Promise.resolve();
  /** What is not told any more. */
  let skipped: Position | null = null;
  const followers = new Set<Follower>();
  const calls = { after: 0, latest: 0, honours: 0, head: 0, check: 0 };

  function createInner(): EventLog {
    const ahead = births++; // so that it is born after all that happened in the one before
    const own = { ...clock, now: () => clock.now() + ahead };
    return createMemoryState({ clock: own, random: () => 0.5 }, options).log;
  }

  function isSkipped(delivery: LogMessage): boolean {
    if (skipped === null) return false;
    const last = delivery.kind === "joined" ? delivery.head : delivery.events.at(-1)?.id;
    return last !== undefined && comparePositions(last, skipped) <= 0;
  }

  function handOn(follower: Follower): void {
    if (mood !== "well") return;
    for (const each of follower.withheld.splice(0)) follower.controller.enqueue(each);
  }

  async function pump(follower: Follower): Promise<void> {
    const { reader } = follower;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || reader !== follower.reader) return;
      if (!isSkipped(value)) follower.withheld.push(value);
      handOn(follower);
    }
  }

  function ask<T>(what: keyof typeof calls, answer: () => Promise<T>): Promise<T> {
    calls[what]++;
    if (mood === "away") return Promise.reject(new StoreUnavailable());
    const [held, found] = [gate, answer()];
    return held.then(() => found);
  }

  return {
    log: {
      append: (...args) =>
        mood === "away" ? Promise.reject(new StoreUnavailable()) : inner.append(...args),
      head: () => ask("head", () => inner.head()),
      honours: (cursor) => ask("honours", () => inner.honours(cursor)),
      after: (...args) => ask("after", () => inner.after(...args)),
      latest: (...args) => ask("latest", () => inner.latest(...args)),
      subscribe() {
        let own: Follower;
        return new ReadableStream<LogMessage>({
          start(controller) {
            own = { controller, reader: inner.subscribe().getReader(), withheld: [] };
            followers.add(own);
            void pump(own);
          },
          async cancel() {
            followers.delete(own);
            await own.reader.cancel();
          },
        });
      },
    },
    health: {
      kind: "redis",
      get isUp() {
        return mood !== "away";
      },
      commands: 0,
      check() {
        calls.check++;
        return Promise.resolve(mood !== "away");
      },
      onChange: () => () => {},
    },
    leave: () => void (mood = "away"),
    lag: () => void (mood = "lagging"),
    comeBack() {
      mood = "well";
      followers.forEach(handOn);
    },
    async jump() {
      const { value } = await inner.subscribe().getReader().read();
      if (value?.kind !== "joined") throw new Error("A log begins with where it stands");
      skipped = value.head;
      for (const follower of followers) follower.withheld = [value];
      this.comeBack();
    },
    lose() {
      inner = createInner();
      skipped = null;
      for (const follower of followers) {
        void follower.reader.cancel();
        follower.reader = inner.subscribe().getReader();
        follower.withheld = [];
        void pump(follower);
      }
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = Promise.resolve();
        resolve();
      };
    },
    async elsewhere(topic, publications, how) {
      const events = publications.map((each) => serialize(topic, each, options.maxEventBytes));
      const appended = await inner.append(topic, events, how);
      return "ids" in appended ? appended.ids : [];
    },
    trueHead: () => inner.head(),
    deliver(delivery) {
      for (const { controller } of followers) controller.enqueue(delivery);
    },
    calls,
    get followers() {
      return followers.size;
    },
  };
}

/** A hub over a shaky log. */
export interface ShakyHub extends HubUnderTest {
  readonly shaky: ShakyLog;
}

/** Creates a hub over a shaky log. @param mood How the log is at first. */
export function createShakyHub(options: Partial<HubOptions> = {}, mood: Mood = "well"): ShakyHub {
  const clock = createManualClock();
  const shaky = createShakyLog(clock, settings(options), mood);
  return { ...createHubOver(clock, shaky, settings(options)), shaky };
}
