/**
 * Pull queries: what clients receive that poll and do not stream.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { LogConsumer } from "./log_consumer.ts";
import { mergeReplay, passes, type Subscribed, type TopicFilter } from "./merge.ts";
import type { Resumer } from "./resume.ts";
import { MAX_WINDOW_BYTES } from "./window.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** The events of a window. */
export interface Latest {
  readonly events: readonly StreamEvent[];
  /** The position of the log. Null while it is not known. */
  readonly cursor: Position | null;
}

/** The events after a cursor. */
export interface Since {
  /** Oldest first. */
  readonly events: readonly StreamEvent[];
  /** The cursor with which to continue. Null while the store is unavailable. */
  readonly cursor: Position | null;
  /** False if more events follow the last of `events`. */
  readonly isWhole: boolean;
  /** True if the log no longer reaches back to the cursor: then `events` begin with the oldest that it retains. */
  readonly hasGap: boolean;
}

/** Answers pull queries. */
export class Queries {
  constructor(
    private readonly consumer: LogConsumer,
    private readonly windows: WindowRegistry,
    private readonly resumer: Resumer,
  ) {}

  /** Returns the newest values of a state topic, or the recent events of a log topic, that pass a filter. */
  async latest({ topic, tags }: TopicFilter): Promise<Latest> {
    const { reader, release } = await this.windows.acquireFresh(topic);
    const wanted = tags && new Set(tags);
    const events = reader.window.values().filter((event) => passes(wanted, event));
    const isKnown = reader.isFilled && !this.consumer.isDown();
    release();
    return { events, cursor: isKnown ? this.consumer.head : null };
  }

  /** Returns the events of a log topic after a cursor that pass a filter, at most `maxEvents`. */
  async since({ topic, tags }: TopicFilter, cursor: string, maxEvents: number): Promise<Since> {
    const { reader, release } = await this.windows.acquireFresh(topic);
    try {
      return await this.#since({ reader, tags: tags && new Set(tags) }, cursor, maxEvents);
    } finally {
      release();
    }
  }

  async #since(topic: Subscribed, cursor: string, maxEvents: number): Promise<Since> {
    const resumption = await this.resumer.resume([topic], cursor);
    const events: StreamEvent[] = [];
    const hasGap = resumption !== null && resumption.gaps.length > 0;
    let from = resumption?.position ?? null;
    let isWhole = false;
    try {
      while (from !== null && !isWhole && events.length <= maxEvents) {
        const { head } = this.consumer;
        if (comparePositions(from, head) >= 0) break; // the cursor may be ahead of this isolate
        const merged = await mergeReplay([topic], from, head, MAX_WINDOW_BYTES);
        events.push(...merged.events);
        from = merged.to;
        isWhole = merged.isWhole && comparePositions(from, head) >= 0;
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
      from = null;
    }
    const excerpt = events.slice(0, maxEvents);
    const isAll = events.length <= maxEvents;
    const end = isAll ? from : excerpt.at(-1)?.id ?? from;
    return {
      events: excerpt,
      cursor: this.consumer.isDown() ? null : end,
      isWhole: isAll,
      hasGap,
    };
  }
}
