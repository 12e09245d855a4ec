/**
 * The windows of this isolate: opened by a topic's first subscriber, released some time after its last.
 *
 * @module
 */
import type { Joined } from "../core/event.ts";
import type { Position } from "../core/position.ts";
import type { Topic } from "../core/topic.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { HubContext, LogConsumer, LogListener } from "./log_consumer.ts";
import { createPageCache, type PageCache, TopicReader } from "./replay.ts";
import { createWindow, MAX_WINDOW_BYTES, type WindowBounds } from "./window.ts";

/** The most bytes of all windows of an isolate. */
const MAX_TOTAL_BYTES = 67_108_864;

/** The time that a window outlives its last subscriber, in milliseconds. */
const LINGER_MS = 60_000;

/** Starts a task that runs while a topic has subscribers, such as a poller. @returns A function that stops it. */
export type Starter = (topic: Topic) => () => void;

/** A reference to a topic's window, which stays open until it is released. */
export interface WindowHandle {
  readonly reader: TopicReader;
  /**
   * Fills the window if it lacks what the log retains, and evicts what is too old. Returns nothing if there is nothing to
   * wait for: most streams open on a filled window, and a promise is a measurable part of an opening.
   */
  refresh(): void | Promise<void>;
  /** Releases the window. Further calls do nothing. */
  release(): void;
}

interface OpenTopic {
  readonly topic: Topic;
  readonly reader: TopicReader;
  readonly stops: (() => void)[];
  handles: number;
  cancelLinger: (() => void) | undefined;
}

interface TimedHandle {
  readonly handle: WindowHandle;
  cancel(): void;
}

/** The open windows of an isolate. */
export class WindowRegistry implements LogListener {
  readonly bounds: WindowBounds;
  readonly #cache: PageCache;
  readonly #open = new Map<string, OpenTopic>();
  readonly #starters = new Map<string, Starter[]>();
  readonly #timed = new Map<string, TimedHandle>();
  #isClosed = false;

  constructor(private readonly hub: HubContext, private readonly consumer: LogConsumer) {
    this.#cache = createPageCache(hub.clock);
    const open = this.#open;
    this.bounds = {
      maxEvents: hub.options.retainEvents,
      get maxBytes() {
        return Math.min(MAX_WINDOW_BYTES, Math.floor(MAX_TOTAL_BYTES / open.size));
      },
    };
    consumer.listen(this);
  }

  /** Acquires a topic's window as it is, empty if it is new. */
  acquire(topic: Topic): WindowHandle {
    const open = this.#open.get(topic.name) ?? this.#create(topic);
    open.cancelLinger?.();
    open.cancelLinger = undefined;
    if (++open.handles === 1) {
      const starters = this.#starters.get(topic.family ?? topic.name) ?? [];
      open.stops.push(...starters.map((start) => start(topic)));
    }
    let isHeld = true;
    return {
      reader: open.reader,
      refresh: () => this.#refresh(open),
      release: () => {
        if (isHeld) this.#release(open);
        isHeld = false;
      },
    };
  }

  /** Acquires a topic's window and refreshes it. */
  async acquireFresh(topic: Topic): Promise<WindowHandle> {
    const handle = this.acquire(topic);
    try {
      await handle.refresh();
    } catch (thrown) {
      handle.release();
      throw thrown;
    }
    return handle;
  }

  /** Keeps a topic's window open for `ms` milliseconds from now on, whatever was requested before. */
  keepOpen(topic: Topic, ms: number): void {
    const known = this.#timed.get(topic.name);
    known?.cancel();
    const handle = known?.handle ?? this.acquire(topic);
    const cancel = this.hub.clock.after(ms, () => {
      this.#timed.delete(topic.name);
      handle.release();
    });
    this.#timed.set(topic.name, { handle, cancel });
    if (!known) Promise.resolve(handle.refresh()).catch((thrown) => this.hub.onFault(thrown));
  }

  /** Returns a topic's reader, if its window is open. */
  get(topic: string): TopicReader | undefined {
    return this.#open.get(topic)?.reader;
  }

  /** Runs a task from a topic's first subscriber to its last. The name of a family stands for each of its topics. */
  whileSubscribed(topic: Pick<Topic, "name">, start: Starter): void {
    this.#starters.set(topic.name, [...this.#starters.get(topic.name) ?? [], start]);
  }

  /** Fills the windows that could not be filled before. The fault of one does not affect the others. */
  async refill(): Promise<void> {
    const readers = [...this.#open.values()].map(({ reader }) => reader);
    await Promise.all(
      readers.map((reader) => reader.fill().catch((thrown) => this.hub.onFault(thrown))),
    );
  }

  published(events: readonly EncodedEvent[], retracted: readonly Position[]): void {
    if (retracted.length > 0) {
      for (const { reader } of this.#open.values()) reader.retract(retracted);
    }
    this.get(events[0]?.topic ?? "")?.put(events);
  }

  joined({ head }: Joined): void {
    for (const { reader } of this.#open.values()) reader.reset(head);
    this.#cache.clear();
  }

  /** Closes all windows and stops all tasks. A window that is opened later does not linger. */
  close(): void {
    this.#isClosed = true;
    for (const { handle, cancel } of this.#timed.values()) {
      cancel();
      handle.release();
    }
    this.#timed.clear();
    for (const open of [...this.#open.values()]) {
      this.#stop(open);
      this.#drop(open);
    }
  }

  #create(topic: Topic): OpenTopic {
    const window = createWindow(topic, this.bounds);
    const reader = new TopicReader(this.hub, this.consumer, this.#cache, window);
    const open = { topic, reader, stops: [], handles: 0, cancelLinger: undefined };
    this.#open.set(topic.name, open);
    return open;
  }

  #refresh(open: OpenTopic): void | Promise<void> {
    const starting = this.consumer.start();
    const { reader } = open;
    if (typeof starting !== "boolean" || (!reader.isFilled && this.consumer.isReadable())) {
      return this.#fill(open, starting);
    }
    this.#evict(open);
  }

  async #fill(open: OpenTopic, starting: boolean | Promise<boolean>): Promise<void> {
    await starting;
    await open.reader.fill();
    this.#evict(open);
  }

  #evict({ reader: { window } }: OpenTopic): void {
    window.evictBefore(this.hub.clock.now() - this.hub.options.retainMs);
  }

  #release(open: OpenTopic): void {
    if (--open.handles > 0) return;
    this.#stop(open);
    if (this.#isClosed) this.#drop(open);
    else open.cancelLinger = this.hub.clock.after(LINGER_MS, () => this.#drop(open));
  }

  #stop({ stops }: OpenTopic): void {
    for (const stop of stops.splice(0)) stop();
  }

  #drop(open: OpenTopic): void {
    open.cancelLinger?.();
    if (this.#open.get(open.topic.name) === open) this.#open.delete(open.topic.name);
    if (this.#open.size === 0) void this.consumer.stop();
  }
}
