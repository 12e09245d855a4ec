/**
 * What may be streamed, and how.
 *
 * @module
 */
import type { ZodType } from "zod";
import type { StreamEvent } from "./event.ts";
import { OTHER_KIND } from "./metrics.ts";

/** The events of the stream itself, and EventSource's own: no topic may use them. */
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

/** The types of the built-in topics: an operator's channel may not use them. */
const BUILT_IN_TYPES: ReadonlySet<string> = new Set([
  ...["quote", "status", "article", "article.updated", "article.retracted"],
  ...["progress", "session", "task", "completed", "failed", "cancelled", "expired"],
  ...["token", "done", "stopped"],
]);

/** Whether a name may be an event type of an operator's channel. */
export function isChannelType(name: string): boolean {
  return isEventType(name) && !BUILT_IN_TYPES.has(name);
}

/** Whether a name may be an event type: a plain word that is not the stream's own. */
export function isEventType(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name) && !RESERVED_TYPES.has(name);
}

/** A frame a topic opens with. `json` is its data, serialised. */
export interface Opening {
  readonly type: string;
  readonly json: string;
}

/**
 * Makes an opening of what a topic has: null where there is nothing to open with.
 *
 * @param events Those that the client's filter lets through: on a state topic the newest of each key, on a log topic the
 * last ones, oldest first.
 * @param tags The filter: null where there is none.
 */
export type Open = (
  events: readonly StreamEvent[],
  tags: ReadonlySet<string> | null,
) => Opening | null;

/**
 * One subject clients subscribe to. Its kind settles what follows:
 *
 * | kind    | kept                    | after a cursor                  | a client without room   |
 * | ------- | ----------------------- | ------------------------------- | ----------------------- |
 * | `state` | the newest event a key  | the newest of each changed key  | skips to newer values   |
 * | `log`   | the last events         | every event, or `gap` says so   | ends when it falls out  |
 */
export interface Topic {
  readonly name: string;
  readonly kind: "state" | "log";
  /** The event types it takes, each with the shape of its data. */
  readonly events: Readonly<Record<string, ZodType>>;
  /** True where a right is needed to follow it. */
  readonly isPrivate: boolean;
  /** The value of the label `topic` in /metrics. Topics of one family share it. */
  readonly metricKind: string;
  /** Of many topics that come and go, what they are called together: their name up to the first slash. */
  readonly family?: string;
  /** What a client without a cursor is given. */
  readonly open?: Open;
  /** Log topics: the types of the one event that ends it, after which nothing comes. It does not end, where none are. */
  readonly terminalTypes?: readonly string[];
  /**
   * State topics: whether a value of the log is newer than one that was shown without it, while the log was away. It is,
   * where nothing is said.
   */
  readonly outdates?: (logged: StreamEvent, shown: StreamEvent) => boolean;
}

/** The optional fields of a topic that {@linkcode defineTopic} fills in. */
type Defaults = "isPrivate" | "metricKind";

/**
 * Defines a topic. It is public and of the metric kind {@linkcode OTHER_KIND} unless it says otherwise.
 *
 * @throws {TypeError} If it takes an event type that is reserved or is not one plain word.
 */
export function defineTopic(topic: Omit<Topic, Defaults> & Partial<Pick<Topic, Defaults>>): Topic {
  for (const type of Object.keys(topic.events)) {
    if (!isEventType(type)) {
      throw new TypeError(`Cannot define topic "${topic.name}": "${type}" is no free event type`);
    }
  }
  return { isPrivate: false, metricKind: OTHER_KIND, ...topic };
}
