/**
 * Pull queries: what clients receive that poll and do not stream.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { TopicFilter } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { LogConsumer } from "./log_consumer.ts";
import { MergedTopics } from "./merge.ts";
import type { Resumer } from "./resume.ts";
import { MAX_WINDOW_BYTES } from "./window.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** The events of a window. */
export interface Latest {
  readonly events: readonly StreamEvent[];
  /** The position of the log. Null while it is not known, or the log does not answer. */
  readonly cursor: Position | null;
}

/** The events after a cursor, oldest first, and the cursor with which to continue. */
export interface Since extends Latest {
  /** False if more events follow the last of `events`. */
  readonly isWhole: boolean;
  /** True if the log no longer reaches back to the cursor: then `events` begin with the oldest that it retains. */
  readonly hasGap: boolean;
}

/** Runs pull queries. */
export class Queries {
  constructor(
    private readonly consumer: LogConsumer,
    private readonly windows: WindowRegistry,
    private readonly resumer: Resumer,
  ) {}

  /** Returns the newest values of a state topic, or the recent events of a log topic, that pass a filter. */
  latest(filter: TopicFilter): Promise<Latest> {
    return this.#query(filter, (topics) => {
      const isKnown = topics.isFilled && !this.consumer.isDown();
      return { events: topics.values(), cursor: isKnown ? this.consumer.head : null };
    });
  }

  /** Returns the events of a log topic after a cursor that pass a filter, at most `maxEvents`. */
  since(filter: TopicFilter, cursor: string, maxEvents: number): Promise<Since> {
    return this.#query(filter, (topics) => this.#since(topics, cursor, maxEvents));
  }

  async #query<T>(filter: TopicFilter, read: (topics: MergedTopics) => T | Promise<T>): Promise<T> {
    const topics = new MergedTopics(this.windows, [filter]);
    try {
      await topics.refresh();
      return await read(topics);
    } finally {
      topics.release();
    }
  }

  async #since(topics: MergedTopics, cursor: string, maxEvents: number): Promise<Since> {
    const resumption = await this.resumer.resume(topics, cursor);
    let hasGap = resumption !== null && resumption.missed.length > 0;
    const { epoch } = this.consumer;
    const events: StreamEvent[] = [];
    const isBehind = (at: Position) => comparePositions(at, this.consumer.head) < 0;
    let from = resumption?.position ?? null; // it may be ahead of this isolate
    try {
      while (from !== null && isBehind(from) && events.length <= maxEvents) {
        const merged = await topics.replay(from, this.consumer.head, MAX_WINDOW_BYTES);
        if (this.consumer.epoch !== epoch) throw new StoreUnavailable(); // the cursor is of a lost log
        hasGap ||= merged.truncated.length > 0;
        events.push(...merged.events);
        from = merged.to;
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
      from = null;
    }
    const isWhole = events.length <= maxEvents;
    const last = isWhole ? from : events[maxEvents - 1]?.id ?? from;
    const next = this.consumer.isDown() ? null : last;
    return { events: events.slice(0, maxEvents), cursor: next, isWhole, hasGap };
  }
}
