/**
 * The window: the recent events of one topic, encoded. Clients do not queue events; each holds a position in here.
 *
 * @module
 */
import { evictOldest } from "../core/evict.ts";
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, lowerBound, parseId, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { Page } from "../store/event_log.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";

/** The size of the largest window, in bytes of encoded events. */
export const MAX_WINDOW_BYTES = 1_048_576;

/** The bounds of a window, in encoded bytes. */
export interface WindowBounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** The last events of a log topic, or the newest event of each key of a state topic. */
export abstract class Window {
  /** The window holds everything after this position. Null if the topic has nothing that the window lacks. */
  truncatedAt: Position | null = null;

  constructor(readonly topic: Topic) {}

  /** The id of the terminal event, after which no event follows. Null until it arrives. */
  get terminalId(): Position | null {
    return null;
  }

  /** Adds published events, oldest first. On a state topic each replaces the older event of its key. */
  abstract put(events: readonly EncodedEvent[]): void;
  /** Removes everything: what is put from now on follows `position`. */
  abstract reset(position: Position): void;
  /** Puts what the log retained up to `position`, where the window was reset, before what arrived since. */
  abstract fill(page: Page, position: Position): void;
  /** Returns the logged events after a position, oldest first. */
  abstract after(position: Position): readonly EncodedEvent[];
  /** Returns the events of which a snapshot is made: the newest value of each key, or the events of the window. */
  abstract values(): readonly StreamEvent[];

  /** Removes retracted events of a log topic. */
  retract(_ids: ReadonlySet<Position>): void {}
  /** Evicts the events of a log topic whose ids are older than `ms` since the Unix epoch. */
  evictBefore(_ms: number): void {}

  /** Puts values that the log does not have over the logged ones of their keys. @returns Those that are newer. */
  overlay(_values: readonly EncodedEvent[]): readonly EncodedEvent[] {
    return [];
  }

  /** Returns the values of the overlay. */
  unlogged(): readonly EncodedEvent[] {
    return [];
  }

  /** Returns true if a newer value of the overlay hides this event of the log. */
  hides(_event: StreamEvent): boolean {
    return false;
  }
}

/** Creates the empty window of a topic. */
export function createWindow(topic: Topic, bounds: WindowBounds): Window {
  return topic.kind === "state" ? new StateWindow(topic) : new LogWindow(topic, bounds);
}

class LogWindow extends Window {
  #events: EncodedEvent[] = [];
  #bytes = 0;

  constructor(topic: Topic, private readonly bounds: WindowBounds) {
    super(topic);
  }

  override get terminalId(): Position | null {
    const newest = this.#events.at(-1);
    return newest && this.topic.terminalTypes?.includes(newest.type) ? newest.id : null;
  }

  override put(events: readonly EncodedEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += event.bytes.byteLength;
    }
    this.#evictToBounds();
  }

  override reset(position: Position): void {
    this.#replace([]);
    this.truncatedAt = position;
  }

  override fill(page: Page, position: Position): void {
    if (this.truncatedAt !== position) return; // newer events alone exceed the bounds
    const older = page.events.filter(({ id }) => comparePositions(id, position) <= 0);
    const before = (older[0] ?? page.events[0])?.prevId ?? page.truncatedAt;
    if (before === null || comparePositions(before, position) < 0) this.truncatedAt = before;
    this.#replace([...older.map(encodeEvent), ...this.#events]);
    this.#evictToBounds();
  }

  override after(position: Position): readonly EncodedEvent[] {
    return this.#events.slice(lowerBound(this.#events, position));
  }

  override values(): readonly StreamEvent[] {
    return this.#events;
  }

  override retract(ids: ReadonlySet<Position>): void {
    this.#replace(this.#events.filter(({ id }) => !ids.has(id)));
  }

  override evictBefore(ms: number): void {
    evictOldest(this.#events, ({ id }) => parseId(id).ms < ms, this.#evicted);
  }

  #replace(events: EncodedEvent[]): void {
    this.#events = events;
    this.#bytes = events.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  #evictToBounds(): void {
    const { maxEvents, maxBytes } = this.bounds;
    const exceeds = (count: number) => count > maxEvents || (this.#bytes > maxBytes && count > 1);
    evictOldest(this.#events, (_, count) => exceeds(count), this.#evicted);
  }

  #evicted = (event: EncodedEvent): void => {
    this.#bytes -= event.bytes.byteLength;
    this.truncatedAt = event.id;
  };
}

class StateWindow extends Window {
  /** The newest logged event of each key, in the order of the ids: a replaced event moves to the end. */
  readonly #logged = new Map<string, EncodedEvent>();
  /** The values over them that the log does not have. */
  readonly #overlay = new Map<string, EncodedEvent>();

  override put(events: readonly EncodedEvent[]): void {
    for (const event of events) {
      this.#logged.delete(event.key);
      this.#logged.set(event.key, event);
      if (!this.hides(event)) this.#overlay.delete(event.key);
    }
  }

  override reset(position: Position): void {
    this.#logged.clear();
    this.truncatedAt = position;
  }

  override fill(page: Page): void {
    const events = [...page.events.map(encodeEvent), ...this.#logged.values()];
    this.#logged.clear();
    this.put(events.sort((a, b) => comparePositions(a.id, b.id)));
    this.truncatedAt = null;
  }

  override after(position: Position): readonly EncodedEvent[] {
    const visible = this.#visible();
    return visible.slice(lowerBound(visible, position));
  }

  override values(): readonly StreamEvent[] {
    return [...this.#visible(), ...this.#overlay.values()];
  }

  override overlay(values: readonly EncodedEvent[]): readonly EncodedEvent[] {
    const newer = values.filter((value) => {
      const logged = this.#logged.get(value.key);
      return !logged || !this.topic.outdates?.(logged, value);
    });
    for (const value of newer) this.#overlay.set(value.key, value);
    return newer;
  }

  override unlogged(): readonly EncodedEvent[] {
    return [...this.#overlay.values()];
  }

  override hides(event: StreamEvent): boolean {
    const value = this.#overlay.get(event.key);
    return value !== undefined && this.topic.outdates?.(event, value) === false;
  }

  #visible(): readonly EncodedEvent[] {
    const logged = [...this.#logged.values()];
    return this.#overlay.size === 0 ? logged : logged.filter(({ key }) => !this.#overlay.has(key));
  }
}
