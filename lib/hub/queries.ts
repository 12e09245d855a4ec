/**
 * What those are given who ask now and then, and do not follow.
 *
 * @module
 */
import type { StreamEvent } from "../core/event.ts";
import { comparePlaces, firstAfter, NOWHERE, type Place } from "../core/position.ts";
import { StoreAway } from "../store/errors.ts";
import { isBehind, type LogReader } from "./replay.ts";
import { type Follow, passes } from "./merge.ts";
import type { Starts } from "./resume.ts";
import type { Wish } from "./topic_filter.ts";
import type { Holding, Windows } from "./windows.ts";

/** What a window holds, and where the log stood: null while that cannot be told. */
export interface Newest {
  readonly events: readonly StreamEvent[];
  readonly cursor: Place | null;
}

/** What comes after a cursor. */
export interface Excerpt {
  /** Oldest first. */
  readonly events: readonly StreamEvent[];
  /** Where to go on: null while the log is away. */
  readonly cursor: Place | null;
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
  readonly head: () => Place;
  readonly isAway: () => boolean;
}

/** Reads for those who ask. */
export interface Excerpts {
  /** What a filter lets through of what is in a window. */
  newest(wish: Wish): Promise<Newest>;
  /** Log topics: what a filter lets through after a cursor, at most so many events. */
  since(wish: Wish, cursor: string, most: number): Promise<Excerpt>;
}

/** Creates what reads for those who ask. */
export function createExcerpts(
  { open, reader, starts, head, isAway }: ExcerptContext,
): Excerpts {
  function filter({ tags }: Wish) {
    const wanted = tags && new Set(tags);
    return (events: readonly StreamEvent[]) => events.filter((event) => passes(wanted, event));
  }

  /** What the log keeps behind the window, a page at a time, and then the window. */
  async function readAfter(holding: Holding, wish: Wish, text: string, most: number) {
    const follow: Follow = { window: holding.window, tags: null };
    const passing = filter(wish);
    const start = await starts.of([follow], holding.isFilled, text, false);
    const found: StreamEvent[] = [];
    let isReached = start.isPlaced;
    let from = start.cursor?.isHonoured ? start.cursor.place : NOWHERE;
    try {
      while (isReached && found.length <= most && isBehind(follow, from)) {
        // A page that others asked for may begin before.
        const { events, upTo } = await reader.page(wish.topic, from);
        found.push(...passing(events.slice(firstAfter(events, from))));
        from = upTo;
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreAway)) throw thrown;
      isReached = false;
    }
    // From here on nothing waits: the head is the place of what is found now.
    if (found.length <= most) found.push(...passing(follow.window.after(from)));
    const isWhole = found.length <= most;
    const events = found.slice(0, most);
    // A cursor may be ahead of what this isolate has received: it never goes back.
    const reached = comparePlaces(from, head()) > 0 ? from : head();
    const end = isWhole ? reached : events.at(-1)?.id ?? from;
    return {
      events,
      cursor: isReached && !isAway() ? end : null,
      isWhole,
      hasGap: start.missed.gaps.length > 0,
    };
  }

  return {
    async newest(wish) {
      const holding = await open(wish.topic);
      const events = filter(wish)(holding.window.values());
      const isKnown = holding.isFilled && !isAway();
      holding.release();
      return { events, cursor: isKnown ? head() : null };
    },
    async since(wish, cursor, most) {
      const holding = await open(wish.topic);
      try {
        return await readAfter(holding, wish, cursor, most);
      } finally {
        holding.release();
      }
    },
  };
}
