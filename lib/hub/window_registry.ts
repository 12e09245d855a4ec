/**
 * The windows of this isolate: opened by a topic's first subscriber, released some time after its last.
 *
 * @module
 */
import type { Joined } from "../core/event.ts";
import type { Position } from "../core/position.ts";
import { createRetentionTime } from "../core/time.ts";
import type { Topic } from "../core/topic.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { HubContext, LogConsumer, LogListener } from "./log_consumer.ts";
import { PageCache, TopicReader } from "./replay.ts";
import { createWindow, MAX_WINDOW_BYTES, type WindowBounds } from "./window.ts";

/** The most bytes of all windows of an isolate. */
const MAX_TOTAL_BYTES = 67_108_864;

/** The time that a window outlives its last subscriber, in milliseconds. */
const LINGER_MS = 60_000;

/** Starts a task that runs while a topic has subscribers, such as a poller. @returns A function that stops it. */
export type Starter = (topic: Topic) => () => void;

interface OpenTopic {
  readonly reader: TopicReader;
  readonly stops: (() => void)[];
  subscribers: number;
  cancelLinger: (() => void) | undefined;
}

/** The open windows of an isolate, each with the number of its subscribers. */
export class WindowRegistry implements LogListener {
  readonly bounds: WindowBounds;
  readonly #cache: PageCache;
  readonly #retentionTime: () => number;
  readonly #open = new Map<string, OpenTopic>();
  readonly #starters = new Map<string, Starter[]>();
  /** By topic: releases the window that is kept open for a time. */
  readonly #keptOpen = new Map<string, () => void>();
  #isClosed = false;

  constructor(private readonly context: HubContext, private readonly consumer: LogConsumer) {
    this.#cache = new PageCache(context.clock);
    this.#retentionTime = createRetentionTime(context.clock);
    const open = this.#open;
    this.bounds = {
      maxEvents: context.options.retainEvents,
      get maxBytes() {
        return Math.min(MAX_WINDOW_BYTES, Math.floor(MAX_TOTAL_BYTES / open.size));
      },
    };
    consumer.listen(this);
  }

  /** Acquires a topic's window without filling it. */
  acquire(topic: Topic): TopicReader {
    const open = this.#open.get(topic.name) ?? this.#create(topic);
    open.cancelLinger?.();
    if (++open.subscribers === 1) {
      for (const start of this.#starters.get(topic.family ?? topic.name) ?? []) {
        try {
          open.stops.push(start(topic));
        } catch (thrown) {
          this.context.onFault(thrown); // the other tasks run, and are stopped with the last subscriber
        }
      }
    }
    return open.reader;
  }

  /**
   * Fills a window if it lacks what the log retains, and evicts what is too old. Returns nothing if there is nothing to wait
   * for: most streams open on a filled window, and a promise is a measurable part of an opening.
   */
  refresh(reader: TopicReader): void | Promise<void> {
    const starting = this.consumer.start();
    if (typeof starting !== "boolean" || (!reader.isFilled && this.consumer.isReadable())) {
      return this.#fill(reader, starting);
    }
    this.#evict(reader);
  }

  release(reader: TopicReader): void {
    const { topic } = reader.window;
    const open = this.#open.get(topic.name);
    if (open?.reader !== reader || --open.subscribers > 0) return;
    for (const stop of open.stops.splice(0)) stop();
    if (this.#isClosed) this.#drop(topic);
    else open.cancelLinger = this.context.clock.after(LINGER_MS, () => this.#drop(topic));
  }

  /** Keeps a topic's window open for `ms` milliseconds from now on, whatever was requested before. */
  keepOpen(topic: Topic, ms: number): void {
    const releaseEarlier = this.#keptOpen.get(topic.name);
    const reader = this.acquire(topic);
    const release = () => {
      cancel();
      this.#keptOpen.delete(topic.name);
      this.release(reader);
    };
    const cancel = this.context.clock.after(ms, release);
    releaseEarlier?.();
    this.#keptOpen.set(topic.name, release);
    if (!releaseEarlier) void this.#fill(reader, this.consumer.start()).catch(this.context.onFault);
  }

  get(topic: string): TopicReader | undefined {
    return this.#open.get(topic)?.reader;
  }

  /** Runs a task from a topic's first subscriber to its last. The name of a family stands for each of its topics. */
  whileSubscribed(topic: Pick<Topic, "name">, start: Starter): void {
    this.#starters.set(topic.name, [...this.#starters.get(topic.name) ?? [], start]);
  }

  /** Fills the windows that are not filled. The fault of one does not affect the others. */
  async refill(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.fill().catch(this.context.onFault)));
  }

  published(events: readonly EncodedEvent[], retracted: readonly Position[]): void {
    if (retracted.length > 0) { for (const reader of this.#readers) reader.retract(retracted); }
    this.get(events[0]?.topic ?? "")?.put(events);
  }

  joined({ head }: Joined): void {
    for (const reader of this.#readers) reader.reset(head);
    this.#cache.clear();
  }

  /** Closes all windows and stops all tasks. A window that is opened later does not linger. */
  close(): void {
    this.#isClosed = true;
    for (const release of [...this.#keptOpen.values()]) release();
    for (const { window } of this.#readers) this.#drop(window.topic);
  }

  get #readers(): TopicReader[] {
    return [...this.#open.values()].map(({ reader }) => reader);
  }

  #create(topic: Topic): OpenTopic {
    const { context, consumer, bounds } = this;
    const reader = new TopicReader(context, consumer, this.#cache, createWindow(topic, bounds));
    const open = { reader, stops: [], subscribers: 0, cancelLinger: undefined };
    this.#open.set(topic.name, open);
    return open;
  }

  async #fill(reader: TopicReader, starting: boolean | Promise<boolean>): Promise<void> {
    await starting;
    await reader.fill();
    this.#evict(reader);
  }

  #evict({ window }: TopicReader): void {
    window.evictBefore(this.#retentionTime() - this.context.options.retainMs);
  }

  #drop(topic: Topic): void {
    const open = this.#open.get(topic.name);
    for (const stop of open?.stops.splice(0) ?? []) stop();
    open?.cancelLinger?.();
    this.#open.delete(topic.name);
    if (this.#open.size === 0) void this.consumer.stop();
  }
}
