/**
 * The repository of articles: publishes their events to the log, and projects the log into an index.
 *
 * @module
 */
import type { EventInput, StreamEvent } from "../../core/event.ts";
import type { Logger } from "../../core/logger.ts";
import { comparePositions, ORIGIN, type Position } from "../../core/position.ts";
import { Problem } from "../../core/problem.ts";
import type { Hub } from "../../hub/hub.ts";
import type { AppendOptions, EventLog } from "../../store/event_log.ts";
import type { Fence } from "../../store/lease.ts";
import { ArticleIndex } from "./article_index.ts";
import { NEWS_EVENTS, type NewsEventType, newsTopic } from "./topic.ts";

/** The most bytes of one page of the log. */
const MAX_READ_BYTES = 262_144;

/** An event of an article, before it is published. */
export interface ArticleEventInput extends EventInput {
  readonly type: NewsEventType;
  /** The id of the article, on all of its events. */
  readonly key: string;
  /** The sources, symbols and words of the article. */
  readonly tags: readonly string[];
}

/** The part of an event that a retraction of its article needs. */
type RetainedEvent = Pick<StreamEvent, "id" | "tags">;

/** Projects the log into an index of articles. It reads the log on demand, without a subscription. */
class ArticleProjection {
  readonly #log: Pick<EventLog, "after" | "honours">;
  #index = new ArticleIndex();
  #position: Position = ORIGIN;
  /** The retained events of each article id, oldest first. */
  #eventsById = new Map<string, readonly RetainedEvent[]>();

  constructor(log: Pick<EventLog, "after" | "honours">) {
    this.#log = log;
  }

  /** The articles as of the last {@linkcode catchUp}. */
  get index(): ArticleIndex {
    return this.#index;
  }

  /** Returns the retained events of an article, oldest first. */
  eventsOf(id: string): readonly RetainedEvent[] {
    return this.#eventsById.get(id) ?? [];
  }

  /**
   * Applies the events since the last call, or all retained ones if the log was truncated or replaced in between. Calls
   * must not overlap.
   *
   * @returns The late events: the new ones whose article another isolate retracted at the same time.
   */
  async catchUp(): Promise<readonly StreamEvent[]> {
    if (this.#position !== ORIGIN && !await this.#log.honours(this.#position)) this.#reset();
    const newEvents: StreamEvent[] = [];
    for (;;) {
      const page = await this.#log.after(newsTopic, this.#position, MAX_READ_BYTES);
      if (this.#hasMissed(page.truncatedAt)) {
        this.#reset();
        continue;
      }
      for (const event of page.events) this.#apply(event);
      newEvents.push(...page.events);
      if (!page.isWhole) continue;
      this.#removeExpired(page.oldestId);
      return newEvents.filter(({ type, key }) =>
        type !== NEWS_EVENTS.retracted && this.#index.isRetracted(key)
      );
    }
  }

  /** Tests if the log has truncated events after the position: they were never read. */
  #hasMissed(truncatedAt: Position | null): boolean {
    return this.#position !== ORIGIN && truncatedAt !== null &&
      comparePositions(truncatedAt, this.#position) > 0;
  }

  #reset(): void {
    this.#index = new ArticleIndex();
    this.#position = ORIGIN;
    this.#eventsById = new Map();
  }

  #apply(event: StreamEvent): void {
    const { id, type, key, tags } = event;
    this.#index.apply(event);
    if (type === NEWS_EVENTS.retracted) this.#eventsById.delete(key);
    else this.#eventsById.set(key, [...this.eventsOf(key), { id, tags }]);
    this.#position = id;
  }

  /** Removes the events that the log no longer retains, so that all isolates have the same articles. */
  #removeExpired(oldestId: Position | null): void {
    for (const [id, events] of this.#eventsById) {
      const retained = events.filter((event) =>
        oldestId !== null && comparePositions(event.id, oldestId) >= 0
      );
      this.#eventsById.set(id, retained);
      if (retained.length > 0) continue;
      this.#eventsById.delete(id);
      this.#index.remove(id);
    }
  }
}

/** Reads and publishes articles. Calls of its methods must not overlap. */
export interface ArticleRepository {
  /** Reads the articles of the log. The index changes with later calls, so a caller that changes it must copy it. */
  read(): Promise<ArticleIndex>;
  /**
   * Publishes events, and resolves once they are in the log. A retraction removes the earlier events of its article.
   *
   * @returns The ids of new articles that another isolate published first.
   * @throws {Problem} `event_too_large` for a publisher's event. A feed's event is logged and left out.
   * @throws {Problem} `fenced` for a feed's event if this isolate is no longer the leader.
   */
  publish(
    events: readonly ArticleEventInput[],
    by: "feed" | "publisher",
  ): Promise<ReadonlySet<string>>;
}

/** The dependencies of a repository of articles. */
export interface ArticleRepositoryOptions {
  readonly hub: Pick<Hub, "publish" | "received">;
  readonly log: Pick<EventLog, "after" | "honours">;
  /** Identifies this isolate, and keeps a former leader from publishing the items of feeds. */
  readonly fence: Fence;
  readonly logger: Pick<Logger, "warn">;
}

/** Creates a repository. It reads nothing before the first call. */
export function createArticleRepository(
  { hub, log, fence, logger }: ArticleRepositoryOptions,
): ArticleRepository {
  const projection = new ArticleProjection(log);

  async function append(event: ArticleEventInput, options: AppendOptions): Promise<void> {
    const earlierEvents = projection.eventsOf(event.key);
    // A client whose filter an earlier version passed learns of the update, and of the retraction.
    const tags = [...new Set([event, ...earlierEvents].flatMap((tagged) => tagged.tags))];
    const retracts = event.type === NEWS_EVENTS.retracted ? earlierEvents.map(({ id }) => id) : [];
    const ids = await hub.publish(newsTopic, [{ ...event, tags }], { ...options, retracts });
    await hub.received(ids);
  }

  /** Publishes a new article under an idempotency key. @returns False if another isolate has published it. */
  async function appendNew(event: ArticleEventInput, options: AppendOptions): Promise<boolean> {
    const idempotencyKey = { key: `news ${event.key}`, fingerprint: fence.holder };
    try {
      await append(event, { ...options, idempotencyKey });
      return true;
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.code === "idempotency_key_reused") return false;
      throw thrown;
    }
  }

  /** Retracts late events, which were published while their article was being retracted. */
  async function retractAgain(lateEvents: readonly StreamEvent[]): Promise<void> {
    for (const [key, events] of Map.groupBy(lateEvents, (event) => event.key)) {
      const tags = [...new Set(events.flatMap((event) => event.tags))];
      const retracts = events.map(({ id }) => id);
      const retraction = { type: NEWS_EVENTS.retracted, data: { id: key }, key, tags };
      await hub.publish(newsTopic, [retraction], { retracts });
    }
  }

  async function read(): Promise<ArticleIndex> {
    await retractAgain(await projection.catchUp());
    return projection.index;
  }

  return {
    read,
    async publish(events, by) {
      const options = by === "feed" ? { fence } : {};
      const newArticles: ArticleEventInput[] = [];
      const publishedElsewhere = new Set<string>();
      // Each event is a publication: an idempotency key covers one article, and an error loses no event before it.
      for (const event of events) {
        try {
          if (event.type === NEWS_EVENTS.added) {
            if (!await appendNew(event, options)) publishedElsewhere.add(event.key);
            newArticles.push(event);
          } else {
            await append(event, options);
          }
        } catch (thrown) {
          const isTooLarge = thrown instanceof Problem && thrown.code === "event_too_large";
          if (by === "publisher" || !isTooLarge) throw thrown;
          logger.warn("An article was skipped", { id: event.key, reason: thrown.message });
        }
      }
      if (newArticles.length === 0) return publishedElsewhere;
      // An idempotency key may outlive the article in the log. The article is published again then.
      const index = await read();
      for (const event of newArticles) {
        if (index.get(event.key) || index.isRetracted(event.key)) continue;
        await append(event, options);
        publishedElsewhere.delete(event.key);
      }
      return publishedElsewhere;
    },
  };
}
