/**
 * The audiences of an isolate, by what they asked for.
 *
 * @module
 */
import type { Place } from "../core/place.ts";
import type { EncodedEvent, Frame } from "../wire/sse.ts";
import { type Audience, type AudienceContext, createAudience } from "./audience.ts";
import type { ClientStream, EndReason } from "./client_stream.ts";
import { topicFrames } from "./opening.ts";
import type { Follow } from "./read.ts";

/** What a topic opens with is made again after this time, in milliseconds, since freshness is judged when it is served. */
const OPENED_MS = 1000;

/** All audiences of an isolate. */
export interface Audiences {
  /** The audience that follows these topics with these filters at this pace. */
  of(follows: readonly Follow[], maxRate: number | undefined): Audience;
  /** What an audience's topics open with, shared by openings of one place. */
  opened(audience: Audience): readonly Frame[];
  /** Hands a publication to the audiences that follow its topic. @param before The head before it. */
  deliver(events: readonly EncodedEvent[], before: Place): void;
  /** This isolate stands elsewhere in the log now. @param before Where it stood. */
  moved(before: Place): void;
  /** All clients, each with its audience: their places are given up. */
  unplace(): readonly (readonly [ClientStream, Audience])[];
  /** Shows values of a state topic that the log does not have. */
  show(topic: string, values: readonly EncodedEvent[]): void;
  /** Forgets what was read and is kept: some of it was taken back. */
  forget(): void;
  /** Lets go of an audience where nobody is left in it. */
  tidy(audience: Audience): void;
  endAll(reason: EndReason): void;
  all(): Iterable<Audience>;
}

/** What audiences need of their hub. */
export interface AudiencesContext extends AudienceContext {
  /** Events of this many milliseconds travel in one chunk. */
  readonly coalesceMs: number;
}

interface Entry {
  readonly key: string;
  opened?: { readonly place: Place; readonly at: number; readonly frames: readonly Frame[] };
}

/** Creates an isolate's audiences: none yet. One timer serves the heartbeats of them all. */
export function createAudiences(context: AudiencesContext): Audiences {
  const { clock, head, heartbeatMs, coalesceMs } = context;
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

  return {
    of(follows, maxRate) {
      const paceMs = Math.max(coalesceMs, maxRate === undefined ? 0 : 1000 / maxRate);
      const asked = follows.map(({ window, tags }) => [window.topic.name, tags && [...tags]]);
      const key = JSON.stringify([paceMs, asked]);
      const known = byKey.get(key);
      if (known) return known;

      const audience = createAudience(context, follows, paceMs);
      byKey.set(key, audience);
      entries.set(audience, { key });
      for (const { window: { topic: { name } } } of follows) {
        byTopic.set(name, (byTopic.get(name) ?? new Set()).add(audience));
      }
      stopSweeping ??= clock.every(sweepMs, sweep);
      return audience;
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
    tidy(audience) {
      const entry = entries.get(audience);
      if (!entry || audience.roster.size > 0) return;
      entries.delete(audience);
      byKey.delete(entry.key);
      for (const { window: { topic: { name } } } of audience.follows) {
        const set = byTopic.get(name);
        set?.delete(audience);
        if (set?.size === 0) byTopic.delete(name);
      }
      if (entries.size > 0) return;
      stopSweeping?.();
      stopSweeping = undefined;
    },

    endAll(reason) {
      for (const audience of [...entries.keys()]) audience.endAll(reason);
    },
    all: () => entries.keys(),
  };
}
