/**
 * The audiences of an isolate, by what they asked for.
 *
 * @module
 */
import type { Position } from "../core/position.ts";
import type { EncodedEvent, Frame } from "../wire/sse.ts";
import {
  type AudienceContext,
  type BroadcastGroup,
  createBroadcastGroup,
} from "./broadcast_group.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import { topicFrames } from "./initial_frames.ts";
import type { TopicFilter } from "./topic_filter.ts";
import type { Holding, Windows } from "./windows.ts";

/** What a topic opens with is made again after this time, in milliseconds, since freshness is judged when it is served. */
const OPENED_MS = 1000;

/** All audiences of an isolate. */
export interface BroadcastGroups {
  /** The audience of who asks for this, kept for one stream more, which may be on its way: until `letGo()`. */
  hold(filters: readonly TopicFilter[], maxRate: number | undefined): BroadcastGroup;
  /** A stream less: with the last one the audience goes, and lets go of its windows. */
  letGo(group: BroadcastGroup): void;
  /** Whether its windows have what the log keeps. */
  hasAll(group: BroadcastGroup): boolean;
  /** Refreshes its windows: to be waited for only where something is to be read. */
  refresh(group: BroadcastGroup): void | Promise<void>;
  /** What an audience's topics open with, shared by openings of one place. */
  opened(group: BroadcastGroup): readonly Frame[];
  /** Hands a publication to the audiences that follow its topic. @param before The head before it. */
  deliver(events: readonly EncodedEvent[], before: Position): void;
  /** Settles when enough of a topic was handed out for more to be published, or soon: undefined where that is now. */
  room(topic: string): Promise<unknown> | undefined;
  /** This isolate stands elsewhere in the log now. @param before Where it stood. */
  moved(before: Position): void;
  /** All clients, each with its audience: their places are given up. */
  unplace(): readonly (readonly [ClientStream, BroadcastGroup])[];
  /** Shows values of a state topic that the log does not have. */
  show(topic: string, values: readonly EncodedEvent[]): void;
  /** Forgets what was read and is kept: some of it was taken back. */
  forget(): void;
  endAll(reason: EndReason): void;
  all(): Iterable<BroadcastGroup>;
}

/** What audiences need of their hub. */
export interface AudiencesContext extends AudienceContext {
  readonly windows: Pick<Windows, "hold">;
  /** Events of this many milliseconds travel in one chunk. */
  readonly coalesceMs: number;
}

interface Entry {
  readonly key: string;
  /** Its windows: they are held by the audience for all of its streams. */
  readonly holdings: readonly Holding[];
  streams: number;
  opened?: { readonly position: Position; readonly at: number; readonly frames: readonly Frame[] };
}

type Refreshing = readonly (void | Promise<void>)[];

/** Creates an isolate's audiences: none yet. One timer serves the heartbeats of them all. */
export function createBroadcastGroups(context: AudiencesContext): BroadcastGroups {
  const { clock, windows, head, heartbeatMs, coalesceMs } = context;
  const sweepMs = Math.min(1000, Math.max(10, heartbeatMs / 10));
  const byKey = new Map<string, BroadcastGroup>();
  const entries = new Map<BroadcastGroup, Entry>();
  const byTopic = new Map<string, Set<BroadcastGroup>>();
  let stopSweeping: (() => void) | undefined;

  function forget(): void {
    for (const [group, entry] of entries) {
      group.forget();
      delete entry.opened;
    }
  }

  function sweep(): void {
    for (const group of [...entries.keys()]) group.sweep();
  }

  /** All are waited for, so that nothing runs any more when one has failed. Once more, where one was reset meanwhile. */
  async function settle(holdings: readonly Holding[], works: Refreshing): Promise<void> {
    const filled = holdings.filter(({ isFilled }) => isFilled);
    const results = await Promise.allSettled(works);
    const failed = results.find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
    if (filled.every(({ isFilled }) => isFilled)) return;
    await settle(holdings, holdings.map((holding) => holding.refresh()));
  }

  function create(key: string, filters: readonly TopicFilter[], paceMs: number): BroadcastGroup {
    const holdings = filters.map(({ topic }) => windows.hold(topic));
    const follows = holdings.map(({ window }, i) => {
      const tags = filters[i]?.tags;
      return { window, tags: tags ? new Set(tags) : null };
    });
    const group = createBroadcastGroup(context, follows, paceMs);
    byKey.set(key, group);
    entries.set(group, { key, holdings, streams: 0 });
    for (const name of group.topics) {
      byTopic.set(name, (byTopic.get(name) ?? new Set()).add(group));
    }
    stopSweeping ??= clock.every(sweepMs, sweep);
    return group;
  }

  function drop(group: BroadcastGroup, { key, holdings }: Entry): void {
    entries.delete(group);
    byKey.delete(key);
    for (const name of group.topics) {
      const set = byTopic.get(name);
      set?.delete(group);
      if (set?.size === 0) byTopic.delete(name);
    }
    for (const holding of holdings) holding.release();
    if (entries.size > 0) return;
    stopSweeping?.();
    stopSweeping = undefined;
  }

  return {
    hold(filters, maxRate) {
      const paceMs = Math.max(coalesceMs, maxRate === undefined ? 0 : 1000 / maxRate);
      const key = JSON.stringify([paceMs, filters.map(({ topic, tags }) => [topic.name, tags])]);
      const group = byKey.get(key) ?? create(key, filters, paceMs);
      const entry = entries.get(group);
      if (entry) entry.streams++;
      return group;
    },
    letGo(group) {
      const entry = entries.get(group);
      if (entry && --entry.streams === 0) drop(group, entry);
    },
    hasAll: (group) => entries.get(group)?.holdings.every(({ isFilled }) => isFilled) ?? false,
    refresh(group) {
      const { holdings } = entries.get(group) ?? { holdings: [] };
      const works = holdings.map((holding) => holding.refresh());
      return works.every((work) => work === undefined) ? undefined : settle(holdings, works);
    },

    opened(group) {
      const entry = entries.get(group);
      const known = entry?.opened;
      const at = clock.now();
      if (known && known.position === head() && at - known.at < OPENED_MS) return known.frames;
      const frames = group.follows.flatMap(topicFrames);
      if (entry) entry.opened = { position: head(), at, frames };
      return frames;
    },

    deliver(events, before) {
      for (const group of byTopic.get(events[0]?.topic ?? "") ?? []) {
        group.deliver(events, before);
      }
    },

    room(topic) {
      const waits: Promise<void>[] = [];
      for (const group of byTopic.get(topic) ?? []) {
        const wait = group.room();
        if (wait) waits.push(wait);
      }
      return waits.length > 0 ? Promise.all(waits) : undefined;
    },

    moved(before) {
      for (const group of entries.keys()) group.moved(before);
    },
    unplace: () =>
      [...entries.keys()].flatMap((group) =>
        group.unplace().map((client) => [client, group] as const)
      ),
    show(topic, values) {
      forget();
      for (const group of byTopic.get(topic) ?? []) group.show(values);
    },
    forget,
    endAll(reason) {
      for (const group of [...entries.keys()]) group.endAll(reason);
    },
    all: () => entries.keys(),
  };
}
