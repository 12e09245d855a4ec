/**
 * The audiences of an isolate, by what they asked for.
 *
 * @module
 */
import type { Place } from "../core/position.ts";
import type { EncodedEvent, Frame } from "../wire/sse.ts";
import { type Audience, type AudienceContext, createAudience } from "./broadcast_group.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import { topicFrames } from "./initial_frames.ts";
import type { Wish } from "./topic_filter.ts";
import type { Holding, Windows } from "./windows.ts";

/** What a topic opens with is made again after this time, in milliseconds, since freshness is judged when it is served. */
const OPENED_MS = 1000;

/** All audiences of an isolate. */
export interface Audiences {
  /** The audience of who asks for this, kept for one stream more, which may be on its way: until `letGo()`. */
  hold(wishes: readonly Wish[], maxRate: number | undefined): Audience;
  /** A stream less: with the last one the audience goes, and lets go of its windows. */
  letGo(audience: Audience): void;
  /** Whether its windows have what the log keeps. */
  hasAll(audience: Audience): boolean;
  /** Refreshes its windows: to be waited for only where something is to be read. */
  refresh(audience: Audience): void | Promise<void>;
  /** What an audience's topics open with, shared by openings of one place. */
  opened(audience: Audience): readonly Frame[];
  /** Hands a publication to the audiences that follow its topic. @param before The head before it. */
  deliver(events: readonly EncodedEvent[], before: Place): void;
  /** Settles when enough of a topic was handed out for more to be published, or soon: undefined where that is now. */
  room(topic: string): Promise<unknown> | undefined;
  /** This isolate stands elsewhere in the log now. @param before Where it stood. */
  moved(before: Place): void;
  /** All clients, each with its audience: their places are given up. */
  unplace(): readonly (readonly [ClientStream, Audience])[];
  /** Shows values of a state topic that the log does not have. */
  show(topic: string, values: readonly EncodedEvent[]): void;
  /** Forgets what was read and is kept: some of it was taken back. */
  forget(): void;
  endAll(reason: EndReason): void;
  all(): Iterable<Audience>;
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
  opened?: { readonly place: Place; readonly at: number; readonly frames: readonly Frame[] };
}

type Refreshing = readonly (void | Promise<void>)[];

/** Creates an isolate's audiences: none yet. One timer serves the heartbeats of them all. */
export function createAudiences(context: AudiencesContext): Audiences {
  const { clock, windows, head, heartbeatMs, coalesceMs } = context;
  const sweepMs = Math.min(1000, Math.max(10, heartbeatMs / 10));
  const byKey = new Map<string, Audience>();
  const entries = new Map<Audience, Entry>();
  const byTopic = new Map<string, Set<Audience>>();
  let stopSweeping: (() => void) | undefined;

  function forget(): void {
    for (const [audience, entry] of entries) {
      audience.forget();
      delete entry.opened;
    }
  }

  function sweep(): void {
    for (const audience of [...entries.keys()]) audience.sweep();
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

  function create(key: string, wishes: readonly Wish[], paceMs: number): Audience {
    const holdings = wishes.map(({ topic }) => windows.hold(topic));
    const follows = holdings.map(({ window }, i) => {
      const tags = wishes[i]?.tags;
      return { window, tags: tags ? new Set(tags) : null };
    });
    const audience = createAudience(context, follows, paceMs);
    byKey.set(key, audience);
    entries.set(audience, { key, holdings, streams: 0 });
    for (const name of audience.topics) {
      byTopic.set(name, (byTopic.get(name) ?? new Set()).add(audience));
    }
    stopSweeping ??= clock.every(sweepMs, sweep);
    return audience;
  }

  function drop(audience: Audience, { key, holdings }: Entry): void {
    entries.delete(audience);
    byKey.delete(key);
    for (const name of audience.topics) {
      const set = byTopic.get(name);
      set?.delete(audience);
      if (set?.size === 0) byTopic.delete(name);
    }
    for (const holding of holdings) holding.release();
    if (entries.size > 0) return;
    stopSweeping?.();
    stopSweeping = undefined;
  }

  return {
    hold(wishes, maxRate) {
      const paceMs = Math.max(coalesceMs, maxRate === undefined ? 0 : 1000 / maxRate);
      const key = JSON.stringify([paceMs, wishes.map(({ topic, tags }) => [topic.name, tags])]);
      const audience = byKey.get(key) ?? create(key, wishes, paceMs);
      const entry = entries.get(audience);
      if (entry) entry.streams++;
      return audience;
    },
    letGo(audience) {
      const entry = entries.get(audience);
      if (entry && --entry.streams === 0) drop(audience, entry);
    },
    hasAll: (audience) =>
      entries.get(audience)?.holdings.every(({ isFilled }) => isFilled) ?? false,
    refresh(audience) {
      const { holdings } = entries.get(audience) ?? { holdings: [] };
      const works = holdings.map((holding) => holding.refresh());
      return works.every((work) => work === undefined) ? undefined : settle(holdings, works);
    },

    opened(audience) {
      const entry = entries.get(audience);
      const known = entry?.opened;
      const at = clock.now();
      if (known && known.place === head() && at - known.at < OPENED_MS) return known.frames;
      const frames = audience.follows.flatMap(topicFrames);
      if (entry) entry.opened = { place: head(), at, frames };
      return frames;
    },

    deliver(events, before) {
      for (const audience of byTopic.get(events[0]?.topic ?? "") ?? []) {
        audience.deliver(events, before);
      }
    },

    room(topic) {
      const waits: Promise<void>[] = [];
      for (const audience of byTopic.get(topic) ?? []) {
        const wait = audience.room();
        if (wait) waits.push(wait);
      }
      return waits.length > 0 ? Promise.all(waits) : undefined;
    },

    moved(before) {
      for (const audience of entries.keys()) audience.moved(before);
    },
    unplace: () =>
      [...entries.keys()].flatMap((audience) =>
        audience.unplace().map((client) => [client, audience] as const)
      ),
    show(topic, values) {
      forget();
      for (const audience of byTopic.get(topic) ?? []) audience.show(values);
    },
    forget,
    endAll(reason) {
      for (const audience of [...entries.keys()]) audience.endAll(reason);
    },
    all: () => entries.keys(),
  };
}
