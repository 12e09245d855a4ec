/**
 * Small words for tests of event logs.
 *
 * @module
 */
import { z } from "zod";
import type { Batch, LogMessage, SerializedEvent } from "../../lib/core/event.ts";
import type { Position } from "../../lib/core/position.ts";
import { defineTopic, type Topic } from "../../lib/core/topic.ts";
import { type EventLog, type Page, weightOf } from "../../lib/store/event_log.ts";
import { PATIENCE_MS, within } from "../support/within.ts";

const events = { number: z.number() };

/** A state topic and two log topics. */
export const prices: Topic = defineTopic({ name: "prices", kind: "state", events });
export const alerts: Topic = defineTopic({ name: "alerts", kind: "log", events });
export const notes: Topic = defineTopic({ name: "notes", kind: "log", events });

/** A topic of a family: it goes with what it tells of. */
export const thing: Topic = defineTopic({
  name: "things/a",
  family: "things",
  kind: "log",
  events,
});

/** A draft that says a number. */
export function event(key: string, number: number): SerializedEvent {
  return { type: "number", key, tags: [key, "all"], json: String(number) };
}

/** Publishes, and gives the ids. */
export async function append(
  log: EventLog,
  topic: Topic,
  ...drafts: SerializedEvent[]
): Promise<readonly Position[]> {
  const appended = await log.append(topic, drafts);
  if (appended.kind !== "appended") throw new Error(`It was not appended but ${appended.kind}`);
  return appended.ids;
}

/** The ids on a page. */
export function idsOf({ events }: Pick<Page, "events">): Position[] {
  return events.map(({ id }) => id);
}

/** What events count for in a bound. */
export function bytesOf(events: Batch): number {
  return events.reduce((sum, event) => sum + weightOf(event), 0);
}

/** A follower of a log. */
export interface TestSubscriber {
  /** What it is given next. */
  next(): Promise<LogMessage>;
  /** The ids of the next publications. */
  published(count: number): Promise<(readonly Position[])[]>;
  /** Stops following: the stream must end by that. */
  cancel(): Promise<void>;
}

/** Follows a log. */
export function collectMessages(deliveries: ReadableStream<LogMessage>): TestSubscriber {
  const reader = deliveries.getReader();
  async function next(): Promise<LogMessage> {
    const { done, value } = await within(PATIENCE_MS, "a delivery", reader.read());
    if (done) throw new Error("The log's stream ended by itself");
    return value;
  }
  return {
    next,
    async published(count) {
      const found: (readonly Position[])[] = [];
      while (found.length < count) {
        const delivery = await next();
        if (delivery.kind === "joined") throw new Error("Something could not be told");
        found.push(idsOf(delivery));
      }
      return found;
    },
    async cancel() {
      await reader.cancel();
      await reader.closed;
    },
  };
}

/** Follows a log from where it stands now. */
export async function subscribeJoined(log: EventLog): Promise<TestSubscriber> {
  const follower = collectMessages(log.subscribe());
  const first = await follower.next();
  if (first.kind !== "joined") throw new Error("It was not said where the follower stands");
  return follower;
}
