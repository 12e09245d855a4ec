/**
 * Publishes events: checks and serialises them before anything is stored, and holds back a publisher that is faster than the
 * clients.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { EventInput, SerializedEvent } from "../core/event.ts";
import { toJson } from "../core/json.ts";
import type { Metrics, PublishOutcome } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import {
  type Appended,
  type AppendOptions,
  type Cas,
  type CasResult,
  type EventLog,
  keyReused,
  queueFull,
} from "../store/event_log.ts";
import { type EncodedEvent, encodeFrames } from "../wire/sse.ts";
import type { WindowBounds } from "./window.ts";

const utf8 = new TextEncoder();

/** The most UTF-8 bytes of what JavaScript counts as one character. */
const MAX_BYTES_PER_CHARACTER = 3;

/** The longest time that a publisher is held back, in milliseconds. */
const MAX_WAIT_MS = 1000;

/**
 * Serialises an event. All of it happens before this returns, so a later change of the object has no effect.
 *
 * @throws {Problem} 422 `unknown_type` or `wrong_shape`, 400 `unserialisable`, 413 `event_too_large`.
 */
export function serialize(
  topic: Topic,
  { type, data, key = "", tags = [] }: EventInput,
  maxEventBytes: number,
): SerializedEvent {
  const schema = Object.hasOwn(topic.events, type) ? topic.events[type] : undefined;
  if (!schema) {
    const types = Object.keys(topic.events).join(", ");
    throw new Problem(422, "unknown_type", `The topic ${topic.name} takes the types ${types}.`, {
      errors: [{ field: "type", detail: `one of ${types}` }],
    });
  }

  const json = toJson(data);
  const result = schema.safeParse(JSON.parse(json));
  if (!result.success) {
    throw new Problem(422, "wrong_shape", `The data is no ${type}.`, {
      errors: result.error.issues.map(({ path, message }) => ({
        field: ["data", ...path].join("."),
        detail: message,
      })),
    });
  }

  const mayBeLarge = json.length * MAX_BYTES_PER_CHARACTER > maxEventBytes;
  if (mayBeLarge) requireSize(utf8.encode(json).byteLength, maxEventBytes);
  return { type, key, tags: [...tags], json };
}

function requireSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const detail = `The event takes ${bytes} bytes; at most ${maxBytes} are allowed.`;
  throw new Problem(413, "event_too_large", detail);
}

/** Encodes serialised events as values that the log does not have: without ids. */
export function encodeUnlogged(topic: Topic, events: readonly SerializedEvent[]): EncodedEvent[] {
  return events.map((event) => ({
    ...event,
    id: ORIGIN,
    topic: topic.name,
    prevId: null,
    bytes: encodeFrames({ event: event.type, data: event.json }),
  }));
}

function outcomeOf(thrown: unknown): PublishOutcome {
  if (thrown instanceof StoreUnavailable) return "away";
  return thrown instanceof Problem ? "refused" : "fault";
}

/** Publishes events, and counts the outcomes. */
export class Publisher {
  readonly #log: Pick<EventLog, "append">;
  readonly #metrics: Pick<Metrics, "published">;
  readonly #maxEventBytes: number;

  constructor(
    log: Pick<EventLog, "append">,
    metrics: Pick<Metrics, "published">,
    maxEventBytes: number,
  ) {
    this.#log = log;
    this.#metrics = metrics;
    this.#maxEventBytes = maxEventBytes;
  }

  /**
   * Publishes events of one topic together: all or none.
   *
   * @returns Their ids. The events are in the log; clients receive them about now.
   * @throws {Problem} If an event is refused (400, 413, 422), its key was used with another body (422), another isolate holds
   * the fence's lease (409), or the log does not answer (503).
   */
  async publish(
    topic: Topic,
    inputs: readonly EventInput[],
    options?: Omit<AppendOptions, "cas">,
  ): Promise<readonly Position[]> {
    if (inputs.length === 0) return [];
    const appended = await this.#append(topic, inputs, options);
    switch (appended.kind) {
      case "appended":
      case "repeated":
        return appended.ids;
      case "fenced":
        throw new Problem(409, "fenced", "Another isolate leads by now.");
      case "conflict":
        throw keyReused();
      default:
        throw new TypeError(`Cannot be ${appended.kind}: no value was compared`);
    }
  }

  /**
   * Sets a value and publishes its event in one step, if the value is still the expected one. Else it does neither.
   *
   * @throws {Problem} As `publish()`; 503 `queue_full` if the open index has no room.
   */
  async updateAndPublish(topic: Topic, input: EventInput, cas: Cas): Promise<CasResult> {
    const appended = await this.#append(topic, [input], { cas });
    if (appended.kind === "full") throw queueFull(cas.openIndex?.max ?? 0);
    if (appended.kind === "stale") return { isSet: false, current: appended.current };
    return { isSet: true, current: cas.next };
  }

  /** Encodes values that the log cannot take now. */
  encodeUnlogged(topic: Topic, inputs: readonly EventInput[]): EncodedEvent[] {
    return encodeUnlogged(topic, inputs.map((each) => serialize(topic, each, this.#maxEventBytes)));
  }

  async #append(
    topic: Topic,
    inputs: readonly EventInput[],
    options: AppendOptions | undefined,
  ): Promise<Appended> {
    const count = (outcome: PublishOutcome) =>
      this.#metrics.published(topic.metricKind, outcome, inputs.length);
    try {
      const events = inputs.map((each) => serialize(topic, each, this.#maxEventBytes));
      const appended = await this.#log.append(topic, events, options);
      // A value that another writer has set first is no publication.
      if (appended.kind !== "stale" && appended.kind !== "full") count(appended.kind);
      return appended;
    } catch (thrown) {
      count(outcomeOf(thrown));
      throw thrown;
    }
  }
}

/**
 * Counts the pending log events of a broadcast group, and lets publishers wait while they exceed half of a window.
 *
 * Publishing is cheap beside sending to thousands. Without backpressure, an isolate that cannot keep up falls behind its own
 * windows, and all of its clients would be ended as if they had been slow.
 */
export class PublishBackpressure {
  readonly #clock: Clock;
  readonly #bounds: WindowBounds;
  #events = 0;
  #bytes = 0;
  #waiting: Promise<void> | undefined;
  #resume: (() => void) | undefined;

  constructor(clock: Clock, bounds: WindowBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Counts a pending log event. State values are not counted: a newer one replaces an older one. */
  add(event: EncodedEvent): void {
    this.#events++;
    this.#bytes += event.bytes.byteLength;
  }

  /** Counts events that were flushed. Some may have come from the log, and were never counted. */
  remove(events: readonly EncodedEvent[]): void {
    const bytes = events.reduce((sum, event) => sum + event.bytes.byteLength, 0);
    this.#events = Math.max(0, this.#events - events.length);
    this.#bytes = Math.max(0, this.#bytes - bytes);
    if (this.#hasRoom()) this.#resume?.();
  }

  /** Counts no event as pending any more. */
  clear(): void {
    this.#events = this.#bytes = 0;
    this.#resume?.();
  }

  /** Resolves once there is room, or after a second. Returns nothing if there is room. */
  waitForRoom(): void | Promise<void> {
    if (this.#hasRoom()) return;
    this.#waiting ??= new Promise((resolve) => {
      const cancel = this.#clock.after(MAX_WAIT_MS, () => this.#resume?.());
      this.#resume = () => {
        cancel();
        this.#waiting = this.#resume = undefined;
        resolve();
      };
    });
    return this.#waiting;
  }

  #hasRoom(): boolean {
    const { maxEvents, maxBytes } = this.#bounds;
    return this.#events <= maxEvents / 2 && this.#bytes <= maxBytes / 2;
  }
}
