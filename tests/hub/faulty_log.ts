/**
 * A shared log with fault injection: a test lets it fail, lag, jump and get lost.
 *
 * @module
 */
import type { EventInput, LogMessage } from "../../lib/core/event.ts";
import { comparePositions, type Position } from "../../lib/core/position.ts";
import { serialize } from "../../lib/core/serialize.ts";
import type { Topic } from "../../lib/core/topic.ts";
import type { HubOptions } from "../../lib/hub/log_consumer.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import type { AppendOptions, EventLog } from "../../lib/store/event_log.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { createHubOver, type HubUnderTest, settings } from "./support.ts";

/** The condition of the log, as this isolate sees it. */
type Condition = "up" | "lagging" | "down";

/** A log for a hub, and the faults that a test can inject. */
export interface FaultyLog extends Pick<SharedState, "log" | "health"> {
  /** Makes it reject every request, report that it is down, and withhold all messages. */
  goDown(): void;
  /** Makes it answer requests, and withhold all messages. */
  lag(): void;
  /** Brings it up, and delivers the withheld messages, in order. */
  recover(): void;
  /** Brings it up, and delivers its position instead of the withheld messages. */
  jump(): Promise<void>;
  /** Replaces it by another log, empty and with a later epoch. Subscribers receive that epoch once it is up. */
  lose(): void;
  /**
   * Holds the answers to all later requests. Each answer has the content of the moment of its request.
   *
   * @returns A function that sends them, and ends the hold.
   */
  holdAnswers(): () => void;
  /** Ends the hold for later requests. Answers that are held stay held. */
  stopHolding(): void;
  /** Publishes from another isolate, for which the log is up. @returns The ids. */
  publishElsewhere(
    topic: Topic,
    publications: readonly EventInput[],
    options?: AppendOptions,
  ): Promise<readonly Position[]>;
  /** Returns the head of the log, whatever its condition. */
  trueHead(): Promise<Position>;
  /** Delivers an invented message. */
  deliver(message: LogMessage): void;
  /** Requests by method, and probes. */
  readonly calls: Record<"after" | "latest" | "honours" | "head" | "check", number>;
  /** The number of its subscribers now. */
  readonly subscribers: number;
}

interface LogSubscriber {
  readonly controller: ReadableStreamDefaultController<LogMessage>;
  reader: ReadableStreamDefaultReader<LogMessage>;
  withheld: LogMessage[];
}

/** Creates a faulty log. */
export function createFaultyLog(
  clock: ManualClock,
  options: HubOptions,
  condition: Condition = "up",
): FaultyLog {
  let logs = 0;
  let inner = createInner();
  let gate = Promise.resolve();
  /** The position up to which messages are skipped after a jump. */
  let skipped: Position | null = null;
  const subscribers = new Set<LogSubscriber>();
  const calls = { after: 0, latest: 0, honours: 0, head: 0, check: 0 };

  function createInner(): EventLog {
    const aheadMs = logs++; // so that its epoch is later than every id of the previous log
    const aheadClock = { ...clock, now: () => clock.now() + aheadMs };
    return createMemoryState({ clock: aheadClock, random: () => 0.5 }, options).log;
  }

  function isSkipped(message: LogMessage): boolean {
    if (skipped === null) return false;
    const last = message.kind === "joined" ? message.head : message.events.at(-1)?.id;
    return last !== undefined && comparePositions(last, skipped) <= 0;
  }

  function deliverWithheld(subscriber: LogSubscriber): void {
    if (condition !== "up") return;
    for (const message of subscriber.withheld.splice(0)) subscriber.controller.enqueue(message);
  }

  async function pump(subscriber: LogSubscriber): Promise<void> {
    const { reader } = subscriber;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || reader !== subscriber.reader) return;
      if (!isSkipped(value)) subscriber.withheld.push(value);
      deliverWithheld(subscriber);
    }
  }

  function request<T>(method: keyof typeof calls, answer: () => Promise<T>): Promise<T> {
    calls[method]++;
    if (condition === "down") return Promise.reject(new StoreUnavailable());
    const [released, response] = [gate, answer()];
    return released.then(() => response);
  }

  return {
    log: {
      append: (...args) =>
        condition === "down" ? Promise.reject(new StoreUnavailable()) : inner.append(...args),
      head: () => request("head", () => inner.head()),
      honours: (cursor) => request("honours", () => inner.honours(cursor)),
      after: (...args) => request("after", () => inner.after(...args)),
      latest: (...args) => request("latest", () => inner.latest(...args)),
      subscribe() {
        let subscriber: LogSubscriber;
        return new ReadableStream<LogMessage>({
          start(controller) {
            subscriber = { controller, reader: inner.subscribe().getReader(), withheld: [] };
            subscribers.add(subscriber);
            void pump(subscriber);
          },
          async cancel() {
            subscribers.delete(subscriber);
            await subscriber.reader.cancel();
          },
        });
      },
    },
    health: {
      kind: "redis",
      get isUp() {
        return condition !== "down";
      },
      commands: 0,
      check() {
        calls.check++;
        return Promise.resolve(condition !== "down");
      },
      onChange: () => () => {},
    },
    goDown: () => void (condition = "down"),
    lag: () => void (condition = "lagging"),
    recover() {
      condition = "up";
      subscribers.forEach(deliverWithheld);
    },
    async jump() {
      const { value } = await inner.subscribe().getReader().read();
      if (value?.kind !== "joined") throw new Error("A log begins with its position");
      skipped = value.head;
      for (const subscriber of subscribers) subscriber.withheld = [value];
      this.recover();
    },
    lose() {
      inner = createInner();
      skipped = null;
      for (const subscriber of subscribers) {
        void subscriber.reader.cancel();
        subscriber.reader = inner.subscribe().getReader();
        subscriber.withheld = [];
        void pump(subscriber);
      }
    },
    holdAnswers() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = Promise.resolve();
        resolve();
      };
    },
    stopHolding: () => void (gate = Promise.resolve()),
    async publishElsewhere(topic, publications, appendOptions) {
      const events = publications.map((input) => serialize(topic, input, options.maxEventBytes));
      const appended = await inner.append(topic, events, appendOptions);
      return "ids" in appended ? appended.ids : [];
    },
    trueHead: () => inner.head(),
    deliver(message) {
      for (const { controller } of subscribers) controller.enqueue(message);
    },
    calls,
    get subscribers() {
      return subscribers.size;
    },
  };
}

/** A hub over a faulty log. */
export interface FaultyHub extends HubUnderTest {
  readonly faulty: FaultyLog;
}

/** Creates a hub over a faulty log. */
export function createFaultyHub(
  options: Partial<HubOptions> = {},
  condition: Condition = "up",
): FaultyHub {
  const clock = createManualClock();
  const faulty = createFaultyLog(clock, settings(options), condition);
  return { ...createHubOver(clock, faulty, settings(options)), faulty };
}
