/**
 * Topics: the subjects that clients subscribe to.
 *
 * @module
 */
import type { ZodType } from "zod";
import type { StreamEvent } from "./event.ts";
import { OTHER_KIND } from "./metrics.ts";

/** The event types of control frames and of EventSource itself, which no topic may use. */
const RESERVED_TYPES: ReadonlySet<string> = new Set([
  "sync",
  "gap",
  "snapshot",
  "heartbeat",
  "bye",
  "busy",
  "auth",
  "error",
  "open",
  "message",
]);

/** Returns true if an event type may have a name: one plain word of 1 to 64 characters that is not reserved. */
export function isEventType(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name) && !RESERVED_TYPES.has(name);
}

/** An initial event of a topic. `json` is its serialised data. */
export interface Opening {
  readonly type: string;
  readonly json: string;
}

/**
 * Creates the initial events of a topic.
 *
 * @param events The retained events that pass the client's filter: on a state topic the newest of each key, on a log topic
 * the newest ones, oldest first.
 * @param tags The client's filter, or null.
 */
export type Open = (
  events: readonly StreamEvent[],
  tags: ReadonlySet<string> | null,
) => readonly Opening[];

/**
 * The right to read a topic.
 *
 * | access       | readers besides publishers                       |
 * | ------------ | ------------------------------------------------ |
 * | `public`     | anyone                                           |
 * | `private`    | users whose token names the topic                |
 * | `owned`      | its owner, unless the owner's token names others |
 * | `publishers` | none                                             |
 */
export type TopicAccess = "public" | "private" | "owned" | "publishers";

/**
 * A subject that clients subscribe to. Its kind determines what follows:
 *
 * | kind    | retained                     | after a cursor                 | a blocked client                |
 * | ------- | ---------------------------- | ------------------------------ | ------------------------------- |
 * | `state` | the newest event of each key | the newest of each changed key | receives newer values only      |
 * | `log`   | the last events              | every event, or a `gap`        | ends once it falls out of reach |
 */
export interface Topic {
  readonly name: string;
  /** The name on the wire: `name` by default. It need not be unique. */
  readonly label?: string;
  readonly kind: "state" | "log";
  /** The event types of the topic, each with the shape of its data. */
  readonly events: Readonly<Record<string, ZodType>>;
  readonly access: TopicAccess;
  /** The value of the label `topic` in /metrics. */
  readonly metricKind: string;
  /** The part of the name before the slash, if the topic is one of many that come and go. */
  readonly family?: string;
  /** Creates the initial events for a client without a cursor. */
  readonly open?: Open;
  /**
   * True if the initial events replace all events up to the position at which the client begins. Else they repeat the
   * newest values. A client is told by a `gap` if some of them are no longer known.
   */
  readonly opensWhole?: boolean;
  /** The types of the one event that ends a log topic. Without them it never ends. */
  readonly terminalTypes?: readonly string[];
  /**
   * Returns true if a logged value of a state topic is newer than the unlogged one that was shown during an outage of the
   * log. Without this function, every logged value counts as newer.
   */
  readonly outdates?: (logged: StreamEvent, shown: StreamEvent) => boolean;
}

/** Returns the name of a topic on the wire. */
export function wireName({ name, label = name }: Pick<Topic, "name" | "label">): string {
  return label;
}

/** A condition on the tags of an event that "one of these tags" cannot express. */
export interface TagCondition {
  /** Equal for conditions that match the same events. Their clients share a broadcast group. */
  readonly key: string;
  readonly matches: (tags: readonly string[]) => boolean;
}

/** A topic that a client requests, and its filter. An event without tags passes every filter. */
export interface TopicFilter {
  readonly topic: Topic;
  /** Unique and sorted. An event passes if it has one of these tags. Null lets all events pass. */
  readonly tags: readonly string[] | null;
  /** A condition that an event must match as well. */
  readonly condition?: TagCondition | null;
}

/** Returns true if an event passes a filter. Null lets all events pass. */
export function passes(
  { tags, condition = null }: {
    readonly tags: ReadonlySet<string> | null;
    readonly condition?: TagCondition | null;
  },
  event: Pick<StreamEvent, "tags">,
): boolean {
  if (event.tags.length === 0) return true;
  return (tags === null || event.tags.some((tag) => tags.has(tag))) &&
    (condition === null || condition.matches(event.tags));
}

/** The fields of a topic that have a default. */
type Defaults = "access" | "metricKind";

/**
 * Defines a topic: public, and of the metric kind {@linkcode OTHER_KIND}, by default.
 *
 * @throws {TypeError} If an event type is reserved or not one plain word.
 */
export function defineTopic(topic: Omit<Topic, Defaults> & Partial<Pick<Topic, Defaults>>): Topic {
  for (const type of Object.keys(topic.events)) {
    if (!isEventType(type)) {
      throw new TypeError(
        `Cannot define topic "${topic.name}": "${type}" is reserved, or not one plain word`,
      );
    }
  }
  return { access: "public", metricKind: OTHER_KIND, ...topic };
}
