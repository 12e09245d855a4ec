/**
 * The one read behind snapshot, replay, hand-over, conflation and catch-up: the events after a position, of several topics,
 * merged by id.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, ORIGIN, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { EncodedEvent, Frame } from "../wire/sse.ts";
import { isTruncatedAfter, type Part, type TopicReader } from "./replay.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** A topic that a client requests, and its filter. */
export interface TopicFilter {
  readonly topic: Topic;
  /** Events pass that have one of these tags, or none. Null lets all events pass. Unique and sorted. */
  readonly tags: readonly string[] | null;
}

interface FilteredTopic {
  readonly topic: Topic;
  readonly reader: TopicReader;
  readonly tags: ReadonlySet<string> | null;
}

/** The merged events between two positions. */
export interface Merged {
  /** Oldest first. */
  readonly events: readonly EncodedEvent[];
  /** The position that a client has reached once it has received `events`. */
  readonly to: Position;
  /** False if more events lie between `to` and the end that was requested. */
  readonly isWhole: boolean;
  /** The parts of the topics of which the log has lost events after the start. */
  readonly truncated: readonly Part[];
}

/** Topics with their filters, read as one. Their windows stay open until they are released. */
export class MergedTopics {
  readonly names: readonly string[];
  readonly #byName: ReadonlyMap<string, FilteredTopic>;
  readonly #topics: readonly FilteredTopic[];

  constructor(private readonly windows: WindowRegistry, filters: readonly TopicFilter[]) {
    this.names = filters.map(({ topic }) => topic.name);
    this.#topics = filters.map(({ topic, tags }) => ({
      topic,
      reader: windows.acquire(topic),
      tags: tags && new Set(tags),
    }));
    this.#byName = new Map(this.#topics.map((each) => [each.topic.name, each]));
  }

  /** True once the windows hold what the log retains. False while the log could not be read. */
  get isFilled(): boolean {
    return this.#topics.every(({ reader }) => reader.isFilled);
  }

  /** The newest terminal event if each topic has had one: nothing follows. Else null. */
  get terminalId(): Position | null {
    let newest = ORIGIN;
    for (const { reader: { window: { terminalId } } } of this.#topics) {
      if (terminalId === null) return null;
      if (comparePositions(terminalId, newest) > 0) newest = terminalId;
    }
    return newest;
  }

  /** Refreshes the windows. Returns nothing if there is nothing to wait for. */
  refresh(): void | Promise<void> {
    const works = this.#topics.map(({ reader }) => this.windows.refresh(reader));
    if (works.some((work) => work !== undefined)) return this.#refreshed(works);
  }

  /** Releases the windows. */
  release(): void {
    for (const { reader } of this.#topics) this.windows.release(reader);
  }

  /** Returns the events that pass the filter of their topic. */
  passing(events: readonly EncodedEvent[]): EncodedEvent[] {
    return events.filter((event) => {
      const known = this.#byName.get(event.topic);
      return known !== undefined && passes(known, event);
    });
  }

  /** Returns whether an event is of a log topic. */
  isLogged({ topic }: StreamEvent): boolean {
    return this.#byName.get(topic)?.topic.kind === "log";
  }

  /** Returns what a snapshot is made of. */
  values(): StreamEvent[] {
    return this.#topics.flatMap(valuesOf);
  }

  /** Creates the frames with which the topics open for a client without a cursor. */
  snapshot(): Frame[] {
    return this.#topics.flatMap(openingOf);
  }

  /** Creates the snapshots of the topics that hold values without ids. */
  unloggedSnapshot(): Frame[] {
    const isUnlogged = (each: FilteredTopic) =>
      each.reader.window.unlogged().some((value) => passes(each, value));
    return this.#topics.filter(isUnlogged).flatMap(openingOf);
  }

  /** Returns whether a window lacks something after a position. */
  isBehind(position: Position): boolean {
    return this.#topics.some(({ reader }) => reader.isBehind(position));
  }

  /**
   * Reads the windows, none of which may be behind `from`: the events after `from`, up to `to`, at most about `maxBytes`,
   * and at least one event if there is one.
   */
  read(from: Position, to: Position, maxBytes: number): Merged {
    return this.#merge(
      this.#topics.map(({ reader }) => reader.windowAfter(from)),
      from,
      to,
      maxBytes,
    );
  }

  /**
   * Reads as `read()` does, and pages of the log where windows are behind. Rejects with a `StoreUnavailable` if the log does
   * not answer, or another log answers.
   */
  async replay(from: Position, to: Position, maxBytes: number): Promise<Merged> {
    const pages = new Map<TopicReader, Part>();
    for (;;) {
      const behind = this.#topics.map(({ reader }) => reader)
        .filter((reader) => !pages.has(reader) && reader.isBehind(from));
      if (behind.length === 0) break;
      // More windows may move past `from` meanwhile: then the log is read for these too.
      await Promise.all(
        behind.map(async (reader) => pages.set(reader, await reader.pageAfter(from))),
      );
    }
    const parts = this.#topics.map(({ reader }) => {
      const page = pages.get(reader);
      return page ? reader.withoutRetracted(page) : reader.windowAfter(from);
    });
    return this.#merge(parts, from, to, maxBytes);
  }

  /** Reads a page of each log topic after a position, or only of those whose windows are behind it. */
  pagesAfter(position: Position, onlyBehind = false): Promise<Part[]> {
    const logs = this.#topics.filter(({ topic, reader }) =>
      topic.kind === "log" && (!onlyBehind || reader.isBehind(position))
    );
    return Promise.all(logs.map(({ reader }) => reader.pageAfter(position)));
  }

  /** Waits for all windows, and again for those that were reset meanwhile. */
  async #refreshed(works: readonly (void | Promise<void>)[]): Promise<void> {
    const filled = this.#topics.filter(({ reader }) => reader.isFilled);
    await Promise.all(works);
    if (!filled.every(({ reader }) => reader.isFilled)) await this.refresh();
  }

  #merge(parts: readonly Part[], from: Position, to: Position, maxBytes: number): Merged {
    const end = parts.reduce((min, { upTo }) => comparePositions(upTo, min) < 0 ? upTo : min, to);
    const lists = parts.map(({ events }) => this.passing(events)).filter(({ length }) =>
      length > 0
    );
    const [only, ...more] = lists;
    const merged = only && more.length === 0
      ? only
      : lists.flat().sort((a, b) => comparePositions(a.id, b.id));

    let [bytes, count, isWhole] = [0, 0, true];
    for (const event of merged) {
      if (comparePositions(event.id, end) > 0) break;
      bytes += event.bytes.byteLength;
      isWhole = bytes <= maxBytes || count === 0;
      if (!isWhole) break;
      count++;
    }
    const events = count === merged.length ? merged : merged.slice(0, count);
    const truncated = parts.filter((part) => isTruncatedAfter(part, from));
    return { events, to: isWhole ? end : events.at(-1)?.id ?? from, isWhole, truncated };
  }
}

/** Joins the bytes of events into one chunk. The bytes of a single event are used unchanged. */
export function joinBytes(events: readonly EncodedEvent[]): Uint8Array<ArrayBuffer> {
  const [only] = events;
  if (only && events.length === 1) return only.bytes;
  const chunk = new Uint8Array(events.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let at = 0;
  for (const { bytes } of events) {
    chunk.set(bytes, at);
    at += bytes.byteLength;
  }
  return chunk;
}

function passes({ tags }: FilteredTopic, event: StreamEvent): boolean {
  return tags === null || event.tags.length === 0 || event.tags.some((tag) => tags.has(tag));
}

function valuesOf(each: FilteredTopic): StreamEvent[] {
  return each.reader.window.values().filter((event) => passes(each, event));
}

function openingOf(each: FilteredTopic): Frame[] {
  const opening = each.topic.open?.(valuesOf(each), each.tags);
  return opening ? [{ event: opening.type, data: opening.json }] : [];
}
