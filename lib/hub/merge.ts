/**
 * The events of several topics, merged by id: the one read behind snapshot, replay, hand-over, conflation and catch-up.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, ORIGIN, type Position } from "../core/position.ts";
import { passes, type TagCondition, type TopicFilter } from "../core/topic.ts";
import type { EncodedEvent, Frame } from "../wire/sse.ts";
import { isTruncatedAfter, type Part, type TopicReader } from "./replay.ts";
import type { WindowRegistry } from "./window_registry.ts";

interface FilteredTopic {
  readonly reader: TopicReader;
  readonly tags: ReadonlySet<string> | null;
  readonly condition: TagCondition | null;
}

/** The merged events between two positions, oldest first. */
export interface Merged {
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
  readonly #topics: readonly FilteredTopic[];
  readonly #byName: ReadonlyMap<string, FilteredTopic>;

  constructor(private readonly windows: WindowRegistry, filters: readonly TopicFilter[]) {
    this.names = filters.map(({ topic }) => topic.name);
    this.#topics = filters.map(({ topic, tags, condition = null }) => {
      return { reader: windows.acquire(topic), tags: tags && new Set(tags), condition };
    });
    this.#byName = new Map(this.#topics.map((topic) => [topic.reader.window.topic.name, topic]));
  }

  /** True once the windows hold what the log retains. */
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
    const filled = this.#topics.filter(({ reader }) => reader.isFilled);
    const refreshes = this.#topics.flatMap(({ reader }) => this.windows.refresh(reader) ?? []);
    if (refreshes.length > 0) return this.#awaitAll(refreshes, filled);
  }

  release(): void {
    for (const { reader } of this.#topics) this.windows.release(reader);
  }

  /** Returns the events that pass the filter of their topic. */
  passing(events: readonly EncodedEvent[]): EncodedEvent[] {
    return events.filter((event) => {
      const filtered = this.#byName.get(event.topic);
      return filtered !== undefined && passes(filtered, event);
    });
  }

  isLogged({ topic }: StreamEvent): boolean {
    return this.#byName.get(topic)?.reader.window.topic.kind === "log";
  }

  values(): StreamEvent[] {
    return this.#topics.flatMap(valuesOf);
  }

  /** Creates the frames with which the topics open for a client without a cursor, which begins at a position. */
  snapshot(position: Position): Frame[] {
    return this.#topics.flatMap((filtered) => openingOf(filtered, position));
  }

  /** True if a topic opens with all its events, and its window lacks the oldest. */
  get isCut(): boolean {
    const whole = this.#topics.filter(({ reader: { window } }) => window.topic.opensWhole);
    return whole.some(({ reader }) => reader.isBehind(ORIGIN));
  }

  /** Creates the frames of the values that the log does not have: without ids, and not a snapshot. */
  unloggedFrames(): Frame[] {
    const values = this.#topics.flatMap(({ reader }) => reader.window.unlogged());
    return this.passing(values).map(({ type, json }) => ({ event: type, data: json }));
  }

  /** Returns true if a window lacks events after a position. */
  isBehind(position: Position): boolean {
    return this.#topics.some(({ reader }) => reader.isBehind(position));
  }

  /** Reads at most about `maxBytes` of the windows, but at least one event. None of them may be behind `from`. */
  read(from: Position, to: Position, maxBytes: number): Merged {
    const parts = this.#topics.map(({ reader }) => reader.windowAfter(from));
    return this.#merge(parts, from, to, maxBytes);
  }

  /** Reads as `read()` does, and pages of the log where windows are behind. Rejects as `TopicReader.pageAfter()` does. */
  async replay(from: Position, to: Position, maxBytes: number): Promise<Merged> {
    const pages = new Map<TopicReader, Part>();
    const readers = this.#topics.map(({ reader }) => reader);
    const readPage = async (reader: TopicReader) => pages.set(reader, await reader.pageAfter(from));
    for (;;) {
      const behind = readers.filter((reader) => !pages.has(reader) && reader.isBehind(from));
      if (behind.length === 0) break;
      // More windows may move past `from` meanwhile: then the log is read for these too.
      await Promise.all(behind.map(readPage));
    }
    const parts = readers.map((reader) => {
      const page = pages.get(reader);
      return page ? reader.withoutRetracted(page) : reader.windowAfter(from);
    });
    return this.#merge(parts, from, to, maxBytes);
  }

  /** Reads a page of each log topic whose window is behind a position, or without one the oldest page of each log topic. */
  pages(position: Position | null): Promise<Part[]> {
    const isLog = ({ window: { topic } }: TopicReader) => topic.kind === "log";
    const logs = this.#topics.map(({ reader }) => reader).filter(isLog);
    if (position === null) return Promise.all(logs.map((reader) => reader.oldestPage()));
    const behind = logs.filter((reader) => reader.isBehind(position));
    return Promise.all(behind.map((reader) => reader.pageAfter(position)));
  }

  /** Waits for all windows, and again if one of those that were filled was reset meanwhile. */
  async #awaitAll(refreshes: Promise<void>[], filled: readonly FilteredTopic[]): Promise<void> {
    await Promise.all(refreshes);
    if (!filled.every(({ reader }) => reader.isFilled)) await this.refresh();
  }

  #merge(parts: readonly Part[], from: Position, to: Position, maxBytes: number): Merged {
    const end = parts.reduce((min, { upTo }) => comparePositions(upTo, min) < 0 ? upTo : min, to);
    const lists = parts.map((part) => this.passing(part.events)).filter((list) => list.length > 0);
    const merged = lists.flat();
    if (lists.length > 1) merged.sort((a, b) => comparePositions(a.id, b.id));

    let [bytes, count, isWhole] = [0, 0, true];
    for (const event of merged) {
      if (comparePositions(event.id, end) > 0) break;
      bytes += event.bytes.byteLength;
      isWhole = bytes <= maxBytes || count === 0;
      if (!isWhole) break;
      count++;
    }
    const events = merged.slice(0, count);
    const truncated = parts.filter((part) => isTruncatedAfter(part, from));
    return { events, to: isWhole ? end : events.at(-1)?.id ?? from, isWhole, truncated };
  }
}

function valuesOf(filtered: FilteredTopic): StreamEvent[] {
  return filtered.reader.window.values().filter((event) => passes(filtered, event));
}

function openingOf(filtered: FilteredTopic, position: Position): Frame[] {
  const { topic } = filtered.reader.window;
  const isPast = ({ id }: StreamEvent) => !topic.opensWhole || comparePositions(id, position) <= 0;
  const opening = topic.open?.(valuesOf(filtered).filter(isPast), filtered.tags) ?? [];
  return opening.map(({ type, json }) => ({ event: type, data: json }));
}
