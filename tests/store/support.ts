/**
 * Topics, events and subscribers for tests of event logs.
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

/** A topic of a family: it expires with a value. */
export const thing: Topic = defineTopic({
  name: "things/a",
  family: "things",
  kind: "log",
  events,
});

/** Creates a serialised event that contains a number. */
export function event(key: string, number: number): SerializedEvent {
  return { type: "number", key, tags: [key, "all"], json: String(number) };
}

/** Publishes events. @returns Their ids. */
export async function append(
  log: EventLog,
  topic: Topic,
  ...batch: SerializedEvent[]
): Promise<readonly Position[]> {
  const appended = await log.append(topic, batch);
  if (appended.kind !== "appended") throw new Error(`It was not appended but ${appended.kind}`);
  return appended.ids;
}

/** Returns the ids of a page. */
export function idsOf({ events }: Pick<Page, "events">): Position[] {
  return events.map(({ id }) => id);
}

/** Returns the size of events in a bound. */
export function bytesOf(events: Batch): number {
  return events.reduce((sum, event) => sum + weightOf(event), 0);
}

/** A subscriber of a log. */
export interface TestSubscriber {
  /** Returns the next message. */
  next(): Promise<LogMessage>;
  /** Returns the ids of the next `count` publications. Rejects if the log is joined anew. */
  published(count: number): Promise<(readonly Position[])[]>;
  /** Cancels the stream, which must end. */
  cancel(): Promise<void>;
}

/** Reads the messages of a log. */
export function collectMessages(messages: ReadableStream<LogMessage>): TestSubscriber {
  const reader = messages.getReader();
  async function next(): Promise<LogMessage> {
    const { done, value } = await within(PATIENCE_MS, "a message", reader.read());
    if (done) throw new Error("The log's stream ended without cancellation");
    return value;
  }
  return {
    next,
    async published(count) {
      const publications: (readonly Position[])[] = [];
      while (publications.length < count) {
        const message = await next();
        if (message.kind === "joined") throw new Error("The log was joined anew");
        publications.push(idsOf(message));
      }
      return publications;
    },
    async cancel() {
      await reader.cancel();
      await reader.closed;
    },
  };
}

/** Subscribes to a log, and awaits `joined`. */
export async function subscribeJoined(log: EventLog): Promise<TestSubscriber> {
  const subscriber = collectMessages(log.subscribe());
  const first = await subscriber.next();
  if (first.kind !== "joined") throw new Error("The log was not joined");
  return subscriber;
}
