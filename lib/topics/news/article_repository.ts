/**
 * The repository of articles: publishes their changes to the log, and projects archive and log into an index.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import type { EventInput, StreamEvent } from "../../core/event.ts";
import { toJson } from "../../core/json.ts";
import type { Logger } from "../../core/logger.ts";
import { comparePositions, ORIGIN, type Position } from "../../core/position.ts";
import { createSerial } from "../../core/serial.ts";
import { MINUTE_MS } from "../../core/time.ts";
import type { Hub } from "../../hub/hub.ts";
import type { EventLog } from "../../store/event_log.ts";
import type { Fence } from "../../store/lease.ts";
import type { Store } from "../../store/store.ts";
import { ARCHIVE_TTL_MS, type ArticleArchive } from "./article_archive.ts";
import { ArticleIndex } from "./article_index.ts";
import { articleTags, isArticleTag } from "./news_filter.ts";
import { NEWS_EVENTS, type NewsEventType, newsTopic } from "./topic.ts";

/** The most bytes of one page of the log. */
const MAX_READ_BYTES = 262_144;

/** The store key of the number of changes so far. A change that is based on an older number is computed again. */
const REVISION_KEY = "news:revision";

/** The longest time without a read, in milliseconds: what the log no longer retains is forgotten then. */
const MAX_READ_AGE_MS = 10 * MINUTE_MS;

/** An event of an article, before it is published. */
export interface ArticleEventInput extends EventInput {
  readonly type: NewsEventType;
  /** The id of the article, on all of its events. */
  readonly key: string;
  /** The sources, symbols and words of the article, and the tags of the event. */
  readonly tags: readonly string[];
}

/** The part of an event that a retraction of its article needs. */
type RetainedEvent = Pick<StreamEvent, "id" | "tags">;

/** Projects the archive and the log into an index of articles. It reads on demand, without a subscription. */
class ArticleProjection {
  readonly #log: Pick<EventLog, "after" | "honours">;
  readonly #archive: Pick<ArticleArchive, "load">;
  readonly #clock: Pick<Clock, "elapsed">;
  readonly #maxPerSource: number;
  #index = new ArticleIndex();
  #position: Position = ORIGIN;
  /** The retained events of each article id, oldest first. */
  #eventsById = new Map<string, readonly RetainedEvent[]>();

  #revision: string | null = null;
  /** Monotonic time of the last {@linkcode catchUp}. */
  #readAt = -Infinity;

  constructor({ clock, log, archive, maxPerSource }: ArticleRepositoryOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#archive = archive;
    this.#maxPerSource = maxPerSource;
  }

  /** The articles as of the last {@linkcode catchUp}. */
  get index(): ArticleIndex {
    return this.#index;
  }

  /** Tests if nothing was published since the revision that was read. */
  isCurrent(revision: string | null): boolean {
    return revision !== null && revision === this.#revision &&
      this.#clock.elapsed() - this.#readAt < MAX_READ_AGE_MS;
  }

  /** Returns the retained events of an article, oldest first. */
  eventsOf(id: string): readonly RetainedEvent[] {
    return this.#eventsById.get(id) ?? [];
  }

  /**
   * Applies the events since the last call, or the archive and all retained events if the log was truncated or replaced
   * in between. Calls must not overlap.
   *
   * @param revision The number of changes at this time or before.
   */
  async catchUp(revision: string | null): Promise<void> {
    this.#readAt = this.#clock.elapsed();
    if (this.#position !== ORIGIN && !await this.#log.honours(this.#position)) {
      this.#position = ORIGIN;
    }
    for (;;) {
      if (this.#position === ORIGIN) await this.#reset();
      const page = await this.#log.after(newsTopic, this.#position, MAX_READ_BYTES);
      if (this.#hasMissed(page.truncatedAt)) {
        this.#position = ORIGIN;
        continue;
      }
      for (const event of page.events) this.#apply(event);
      if (!page.isWhole) continue;
      this.#removeExpired(page.oldestId);
      this.#revision = revision;
      return;
    }
  }

  /** Applies the events of this isolate's own publication, which nothing precedes that was not read. */
  applyOwn(events: readonly StreamEvent[], revision: string): void {
    for (const event of events) {
      if (comparePositions(event.id, this.#position) > 0) this.#apply(event);
    }
    this.#revision = revision;
  }

  /** Tests if the log has truncated events after the position: they were never read. */
  #hasMissed(truncatedAt: Position | null): boolean {
    return this.#position !== ORIGIN && truncatedAt !== null &&
      comparePositions(truncatedAt, this.#position) > 0;
  }

  async #reset(): Promise<void> {
    const archived = await this.#archive.load();
    this.#index = new ArticleIndex();
    this.#eventsById = new Map();
    for (const ranked of archived) this.#index.put(ranked);
  }

  #apply(event: StreamEvent): void {
    const { id, type, key, tags } = event;
    this.#index.apply(event);
    if (type === NEWS_EVENTS.retracted) this.#eventsById.delete(key);
    else this.#eventsById.set(key, [...this.eventsOf(key), { id, tags }]);
    this.#position = id;
  }

  /** Forgets the events that the log no longer retains, and the articles without one that are not archived. */
  #removeExpired(oldestId: Position | null): void {
    let hasExpired = false;
    for (const [id, events] of this.#eventsById) {
      const retained = events.filter((event) =>
        oldestId !== null && comparePositions(event.id, oldestId) >= 0
      );
      this.#eventsById.set(id, retained);
      if (retained.length > 0) continue;
      this.#eventsById.delete(id);
      hasExpired = true;
    }
    if (!hasExpired) return;
    const archived = [...this.#index.sources()].flatMap((source) =>
      this.#index.ofSource(source).slice(0, this.#maxPerSource).map(({ article }) => article.id)
    );
    this.#index.removeAllBut(new Set([...archived, ...this.#eventsById.keys()]));
  }
}

/** Returns events as the log has them, under their ids. */
function toStreamEvents(
  inputs: readonly ArticleEventInput[],
  ids: readonly Position[],
): StreamEvent[] {
  return ids.flatMap((id, position) => {
    const input = inputs[position];
    if (input === undefined) return [];
    const { type, key, tags, data } = input;
    return [{ id, topic: newsTopic.name, prevId: null, type, key, tags, json: toJson(data) }];
  });
}

/** A change of articles, computed from the index. */
export interface ArticleChange<T> {
  readonly events: readonly ArticleEventInput[];
  readonly result: T;
}

/** Reads and publishes articles. */
export interface ArticleRepository {
  /** The articles as of the last read. It changes with later reads, so a caller that changes it must copy it. */
  readonly index: ArticleIndex;
  /** Reads the articles of the archive and the log. */
  read(): Promise<ArticleIndex>;
  /**
   * Computes a change and publishes its events, all or none, and resolves once they are in the log. The change is computed
   * again if any isolate has published in between. A retraction removes the earlier events of its article.
   *
   * @returns The result of the change.
   * @throws {Problem} `event_too_large` for a publisher's event. A feed's event is logged and left out.
   * @throws {Problem} `fenced` for a feed's event if this isolate is no longer the leader.
   */
  update<T>(
    by: "feed" | "publisher",
    change: (index: ArticleIndex) => Promise<ArticleChange<T>>,
  ): Promise<T>;
}

/** The dependencies of a repository of articles. */
export interface ArticleRepositoryOptions {
  readonly clock: Pick<Clock, "elapsed">;
  readonly hub: Pick<Hub, "updateAndPublish" | "received">;
  readonly log: Pick<EventLog, "after" | "honours">;
  readonly store: Pick<Store, "get">;
  readonly archive: Pick<ArticleArchive, "load" | "save">;
  /** The most archived articles of a source. */
  readonly maxPerSource: number;
  /** The most bytes of an event. */
  readonly maxEventBytes: number;
  /** Identifies this isolate, and keeps a former leader from publishing the items of feeds. */
  readonly fence: Fence;
  readonly logger: Pick<Logger, "warn">;
}

/** Creates a repository. It reads nothing before the first call. */
export function createArticleRepository(options: ArticleRepositoryOptions): ArticleRepository {
  const { hub, store, archive, maxPerSource, maxEventBytes, fence, logger } = options;
  const projection = new ArticleProjection(options);
  const serial = createSerial();

  /** Reads what was published since the last read, if anything was. @param revision The number of changes by now. */
  async function readSince(revision: string | null): Promise<ArticleIndex> {
    if (!projection.isCurrent(revision)) await serial(() => projection.catchUp(revision));
    return projection.index;
  }

  /** Tests the size of a feed's event. One that is too large must not keep the others of its document back. */
  function isPublishable({ key, data }: ArticleEventInput): boolean {
    const bytes = new TextEncoder().encode(toJson(data)).byteLength;
    if (bytes <= maxEventBytes) return true;
    logger.warn("An article was skipped", { id: key, reason: `It takes ${bytes} bytes.` });
    return false;
  }

  /** Adds the tags of the earlier versions, so that a client whose filter one of them passed learns of the change. */
  function withEarlierTags(event: ArticleEventInput): ArticleEventInput {
    const earlier = projection.index.get(event.key);
    const tags = [
      ...event.tags,
      ...projection.eventsOf(event.key).flatMap(({ tags }) => tags).filter(isArticleTag),
      ...earlier === undefined ? [] : articleTags(earlier),
    ];
    return { ...event, tags: [...new Set(tags)] };
  }

  function sourcesOf(index: ArticleIndex, ids: readonly string[]): readonly string[] {
    return ids.flatMap((id) => index.get(id)?.sources.map(({ source }) => source) ?? []);
  }

  return {
    get index() {
      return projection.index;
    },
    async read() {
      return await readSince(await store.get(REVISION_KEY));
    },
    async update(by, change) {
      for (;;) {
        const revision = await store.get(REVISION_KEY);
        const { events, result } = await change(await readSince(revision));
        const publishable = by === "feed" ? events.filter(isPublishable) : events;
        if (publishable.length === 0) return result;
        const ids = publishable.map(({ key }) => key);
        const formerSources = sourcesOf(projection.index, ids);
        const retracts = publishable.filter(({ type }) => type === NEWS_EVENTS.retracted)
          .flatMap(({ key }) => projection.eventsOf(key).map(({ id }) => id));
        const cas = {
          key: REVISION_KEY,
          expected: revision,
          next: String(Number(revision ?? 0) + 1),
          ttlMs: ARCHIVE_TTL_MS,
        };
        const tagged = publishable.map(withEarlierTags);
        const fenced = by === "feed" ? { fence } : {};
        const { isSet, ids: eventIds } = await hub.updateAndPublish(newsTopic, tagged, {
          ...fenced,
          cas,
          retracts,
        });
        if (!isSet) continue;
        await serial(() =>
          Promise.resolve(projection.applyOwn(toStreamEvents(tagged, eventIds), cas.next))
        );
        await hub.received(eventIds); // lists here have the change from now on
        const { index } = projection;
        for (const source of new Set([...formerSources, ...sourcesOf(index, ids)])) {
          await archive.save(source, index.ofSource(source).slice(0, maxPerSource));
        }
        return result;
      }
    },
  };
}
