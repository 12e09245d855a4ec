/**
 * Reads one topic after a position: from its window as far as that reaches, else from the log.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import { comparePositions, lowerBound, ORIGIN, type Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { type EncodedEvent, encodeEvent } from "../wire/sse.ts";
import type { HubContext, LogConsumer } from "./log_consumer.ts";
import { MAX_WINDOW_BYTES, type Window } from "./window.ts";

/** The size of a page of the log in bytes, unless one event is larger. */
const MAX_PAGE_BYTES = 262_144;

/** The limits of the shared pages: their bytes, and the milliseconds for which a page is shared. */
const [MAX_CACHED_BYTES, MAX_CACHED_MS] = [8_388_608, 5000];

/** The most retracted ids that a reader remembers, for reads of the log that began before the retraction. */
const MAX_RETRACTED = 1000;

/** The events of a topic after a position, oldest first. */
export interface Part {
  readonly topic: Topic;
  readonly events: readonly EncodedEvent[];
  /** The part holds everything up to this position. */
  readonly upTo: Position;
  /** The newest id that the log no longer retains, and the oldest that it retains. Null if there is none, or in a window. */
  readonly truncatedAt: Position | null;
  readonly oldestId: Position | null;
}

/** Returns true if the log has lost events of a part after a position. */
export function isTruncatedAfter({ truncatedAt }: Part, position: Position): boolean {
  return truncatedAt !== null && comparePositions(truncatedAt, position) > 0;
}

/** A page of the log, encoded. It holds everything of its topic after `from`. */
interface EncodedPage extends Part {
  readonly from: Position;
  readonly isWhole: boolean;
}

/** The pages that the readers of an isolate share. */
export class PageCache extends LRUCache<string, EncodedPage> {
  constructor(clock: Clock) {
    super({
      maxSize: MAX_CACHED_BYTES,
      sizeCalculation: ({ events }) => 1 + events.reduce((sum, { bytes }) => sum + bytes.length, 0),
      ttl: MAX_CACHED_MS,
      ttlResolution: 0,
      perf: { now: () => clock.elapsed() },
    });
  }
}

/** Reads one topic: its window, and the log behind it. */
export class TopicReader {
  readonly #retracted = new Set<Position>();
  #resetAt = ORIGIN;
  #filling: Promise<void> | null = null;
  #isFilled = false;
  /** The page that is being read, and the earliest position that clients request meanwhile. */
  #loading: Promise<EncodedPage> | null = null;
  #earliest: Position | null = null;

  constructor(
    private readonly context: HubContext,
    private readonly consumer: LogConsumer,
    private readonly cache: PageCache,
    readonly window: Window,
  ) {
    this.reset(consumer.head);
  }

  /** True once the window holds what the log retains. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Fills the window from the log, if it is not filled and the log answers. */
  async fill(): Promise<void> {
    if (this.#isFilled || !this.consumer.isReadable()) return;
    await (this.#filling ??= this.#fill(this.#resetAt));
  }

  put(events: readonly EncodedEvent[]): void {
    this.window.put(events);
    this.#uncache(); // the log may have evicted events since a page was read
  }

  /** Removes retracted events from the window, and from every read that is in flight. */
  retract(ids: readonly Position[]): void {
    for (const id of ids) this.#retracted.add(id);
    for (const id of this.#retracted) {
      if (this.#retracted.size <= MAX_RETRACTED) break;
      this.#retracted.delete(id);
    }
    this.window.retract(new Set(ids));
    this.#uncache();
  }

  /** Empties the window: what is put from now on follows `position`. */
  reset(position: Position): void {
    this.window.reset(position);
    this.#resetAt = position;
    this.#filling = null;
    this.#isFilled = false;
    this.#uncache();
  }

  /** Returns true if the window lacks events after a position. */
  isBehind(position: Position): boolean {
    const { truncatedAt } = this.window;
    return truncatedAt !== null && comparePositions(truncatedAt, position) > 0;
  }

  /** Reads the window after a position, which it must not be behind. */
  windowAfter(position: Position): Part {
    const [{ topic }, upTo] = [this.window, this.consumer.head];
    return { topic, events: this.window.after(position), upTo, truncatedAt: null, oldestId: null };
  }

  /** Reads a page of the log after a position. Rejects with `StoreUnavailable` if it does not answer, or was lost. */
  async pageAfter(position: Position): Promise<Part> {
    let page = this.cache.find((cached) => this.#covers(cached, position));
    while (!page || (page.from !== position && !this.#covers(page, position))) {
      if (this.consumer.isDown()) throw new StoreUnavailable();
      const earliest = this.#earliest ?? position;
      this.#earliest = comparePositions(position, earliest) < 0 ? position : earliest;
      page = await (this.#loading ??= this.#load());
    }
    return { ...page, events: page.events.slice(lowerBound(page.events, position)) };
  }

  /** Reads the oldest page. A lagging isolate has events that the log has truncated meanwhile: its clients receive them. */
  async oldestPage(): Promise<Part> {
    const [page, [oldest]] = [await this.pageAfter(ORIGIN), this.window.after(ORIGIN)];
    const isOlder = oldest && page.oldestId && comparePositions(oldest.id, page.oldestId) < 0;
    return isOlder ? { ...page, truncatedAt: this.window.truncatedAt, oldestId: oldest.id } : page;
  }

  /** Removes from a part what was retracted, or hidden by a newer value without an id, since it was read. */
  withoutRetracted(part: Part): Part {
    const isVisible = (event: EncodedEvent) =>
      !this.#retracted.has(event.id) && !this.window.hides(event);
    return { ...part, events: part.events.filter(isVisible) };
  }

  async #fill(from: Position): Promise<void> {
    try {
      const page = await this.context.state.log.latest(this.window.topic, MAX_WINDOW_BYTES);
      if (this.#resetAt !== from) return; // the window was reset meanwhile, and is filled anew
      const events = page.events.filter(({ id }) => !this.#retracted.has(id));
      this.window.fill({ ...page, events }, from);
      this.#isFilled = true;
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
    } finally {
      if (this.#resetAt === from) this.#filling = null;
    }
  }

  /** Returns true if a page holds the events of this topic after a position. There may be none. */
  #covers({ topic, from, upTo, isWhole }: EncodedPage, position: Position): boolean {
    if (topic.name !== this.window.topic.name || comparePositions(from, position) > 0) return false;
    const order = comparePositions(position, upTo);
    return order < 0 || (order === 0 && isWhole);
  }

  #uncache(): void {
    for (const [key, { topic }] of this.cache.size === 0 ? [] : [...this.cache]) {
      if (topic.name === this.window.topic.name) this.cache.delete(key);
    }
  }

  /** Reads from the earliest requested position on, so a wave of clients costs one read per page. */
  async #load(): Promise<EncodedPage> {
    try {
      await Promise.resolve(); // for the requests of the same turn
      return await this.#read(this.#earliest ?? ORIGIN);
    } finally {
      this.#loading = this.#earliest = null;
    }
  }

  async #read(from: Position): Promise<EncodedPage> {
    const { head } = this.consumer; // the page may lack what arrives while it is read
    const { topic } = this.window;
    const page = await this.context.state.log.after(topic, from, MAX_PAGE_BYTES);
    const upTo = page.isWhole ? head : page.events.at(-1)?.id ?? from;
    const events = page.events.map(encodeEvent);
    const encoded = { ...page, topic, from, upTo, events };
    if (this.#isForeign(encoded)) throw new StoreUnavailable();
    if (head === this.consumer.head) this.cache.set(`${topic.name} ${from}`, encoded);
    return encoded;
  }

  /**
   * Returns true if a page lacks an event that this isolate has received and that was not truncated or replaced. Then it is
   * of another log, which the consumer has not joined yet. A retraction that has not arrived yet looks the same.
   */
  #isForeign({ from, upTo, events, truncatedAt }: EncodedPage): boolean {
    const received = this.window.after(from);
    const newest = received.findLast(({ id }) => comparePositions(id, upTo) <= 0)?.id;
    if (newest === undefined || comparePositions(newest, truncatedAt ?? ORIGIN) <= 0) return false;
    if (this.window.topic.kind === "log") return !events.some(({ id }) => id === newest);
    return comparePositions(newest, events.at(-1)?.id ?? ORIGIN) > 0;
  }
}
