/**
 * What those are given who ask now and then, and do not follow.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePositions, lowerBound, ORIGIN, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { isBehind, type LogReader } from "./replay.ts";
import { type Follow, passes } from "./merge.ts";
import type { Starts } from "./resume.ts";
import type { TopicFilter } from "./topic_filter.ts";
import type { Holding, Windows } from "./windows.ts";

/** What a window holds, and where the log stood: null while that cannot be told. */
export interface Newest {
  readonly events: readonly StreamEvent[];
  readonly cursor: Position | null;
}

/** What comes after a cursor. */
export interface Excerpt {
  /** Oldest first. */
  readonly events: readonly StreamEvent[];
  /** Where to go on: null while the log is away. */
  readonly cursor: Position | null;
  /** False where more waits after the last of `events`. */
  readonly isWhole: boolean;
  /** Whether something after the cursor is gone, or the cursor is none of this log's: then all that is kept follows. */
  readonly hasGap: boolean;
}

/** What excerpts are made from. */
export interface ExcerptContext {
  readonly open: Windows["open"];
  readonly reader: LogReader;
  readonly starts: Starts;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Position;
  readonly isAway: () => boolean;
}

/** Reads for those who ask. */
export interface Excerpts {
  /** What a filter lets through of what is in a window. */
  newest(filter: TopicFilter): Promise<Newest>;
  /** Log topics: what a filter lets through after a cursor, at most so many events. */
  since(filter: TopicFilter, cursor: string, most: number): Promise<Excerpt>;
}

/** Creates what reads for those who ask. */
export function createExcerpts(
  { open, reader, starts, head, isAway }: ExcerptContext,
): Excerpts {
  function passingOf({ tags }: TopicFilter) {
    const wanted = tags && new Set(tags);
    return (events: readonly StreamEvent[]) => events.filter((event) => passes(wanted, event));
  }

  /** What the log keeps behind the window, a page at a time, and then the window. */
  async function readAfter(holding: Holding, filter: TopicFilter, text: string, most: number) {
    const follow: Follow = { window: holding.window, tags: null };
    const passing = passingOf(filter);
    const start = await starts.of([follow], holding.isFilled, text, false);
    const found: StreamEvent[] = [];
    let isReached = start.isPlaced;
    let from = start.cursor?.isHonoured ? start.cursor.position : ORIGIN;
    try {
      while (isReached && found.length <= most && isBehind(follow, from)) {
        // A page that others asked for may begin before.
        const { events, upTo } = await reader.page(filter.topic, from);
        found.push(...passing(events.slice(lowerBound(events, from))));
        from = upTo;
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
      isReached = false;
    }
    // From here on nothing waits: the head is the place of what is found now.
    if (found.length <= most) found.push(...passing(follow.window.after(from)));
    const isWhole = found.length <= most;
    const events = found.slice(0, most);
    // A cursor may be ahead of what this isolate has received: it never goes back.
    const reached = comparePositions(from, head()) > 0 ? from : head();
    const end = isWhole ? reached : events.at(-1)?.id ?? from;
    return {
      events,
      cursor: isReached && !isAway() ? end : null,
      isWhole,
      hasGap: start.missed.gaps.length > 0,
    };
  }

  return {
    async newest(filter) {
      const holding = await open(filter.topic);
      const events = passingOf(filter)(holding.window.values());
      const isKnown = holding.isFilled && !isAway();
      holding.release();
      return { events, cursor: isKnown ? head() : null };
    },
    async since(filter, cursor, most) {
      const holding = await open(filter.topic);
      try {
        return await readAfter(holding, filter, cursor, most);
      } finally {
        holding.release();
      }
    },
  };
}
