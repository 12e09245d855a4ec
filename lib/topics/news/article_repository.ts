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
import { newsTopic, RETRACTED } from "./article.ts";
import { ArticleIndex } from "./article_index.ts";

/** The most bytes of one read of the log. */
const READ_BYTES = 262_144;

/** The article topic's event of an article, before it is published. All events of an article have its id as their key. */
export interface ArticleEventInput extends EventInput {
  readonly key: string;
  readonly tags: readonly string[];
}

/** The log's articles as an index, brought up to date on demand: it keeps no subscription. */
class ArticleProjection {
  readonly #log: Pick<EventLog, "after" | "honours">;
  #index = new ArticleIndex();
  #position: Position = ORIGIN;
  /** The retained events of each article, oldest first. */
  #events = new Map<string, readonly Pick<StreamEvent, "id" | "tags">[]>();

  constructor(log: Pick<EventLog, "after" | "honours">) {
    this.#log = log;
  }

  /** The articles as of the last {@linkcode catchUp}. */
  get index(): ArticleIndex {
    return this.#index;
  }

  /** Returns the retained events of an article, oldest first. */
  eventsOf(id: string): readonly Pick<StreamEvent, "id" | "tags">[] {
    return this.#events.get(id) ?? [];
  }

  /**
   * Applies the events since the last call, or all retained ones if the log was truncated or replaced in between. Calls
   * must not overlap.
   *
   * @returns Late events: those of articles that another isolate retracted at the same time.
   */
  async catchUp(): Promise<readonly StreamEvent[]> {
    if (this.#position !== ORIGIN && !await this.#log.honours(this.#position)) this.#reset();
    const read: StreamEvent[] = [];
    for (;;) {
      const page = await this.#log.after(newsTopic, this.#position, READ_BYTES);
      if (this.#hasMissed(page.truncatedAt)) {
        this.#reset();
        continue;
      }
      page.events.forEach((event) => this.#apply(event));
      read.push(...page.events);
      if (!page.isWhole) continue;
      this.#removeExpired(page.oldestId);
      return read.filter(({ type, key }) => type !== RETRACTED && this.#index.isRetracted(key));
    }
  }

  /** Reports whether the log truncated an event that was not read. */
  #hasMissed(truncatedAt: Position | null): boolean {
    return this.#position !== ORIGIN && truncatedAt !== null &&
      comparePositions(truncatedAt, this.#position) > 0;
  }

  #reset(): void {
    this.#index = new ArticleIndex();
    this.#position = ORIGIN;
    this.#events = new Map();
  }

  #apply(event: StreamEvent): void {
    const { id, type, key, tags } = event;
    this.#index.apply(event);
    if (type === RETRACTED) this.#events.delete(key);
    else this.#events.set(key, [...this.eventsOf(key), { id, tags }]);
    this.#position = id;
  }

  /** Removes what the log no longer retains, so that all isolates know the same articles. */
  #removeExpired(oldestId: Position | null): void {
    for (const [article, events] of this.#events) {
      const retained = events.filter(({ id }) =>
        oldestId !== null && comparePositions(id, oldestId) >= 0
      );
      this.#events.set(article, retained);
      if (retained.length > 0) continue;
      this.#events.delete(article);
      this.#index.remove(article);
    }
  }
}

/** Reads and publishes articles. Calls must not overlap. */
export interface ArticleRepository {
  /** Returns the articles of the log as they are now. */
  read(): Promise<ArticleIndex>;
  /**
   * Publishes events, and resolves once they are in the log. A retraction takes the article's earlier events out of it.
   *
   * @returns The ids of new articles that another isolate published first.
   * @throws {Problem} `event_too_large` for a publisher's event. A feed's is logged and left out.
   * @throws {Problem} `fenced` for a feed's event if this isolate is no longer the leader.
   */
  publish(
    events: readonly ArticleEventInput[],
    by: "feed" | "publisher",
  ): Promise<ReadonlySet<string>>;
}

/** The dependencies of a repository. */
export interface ArticleRepositoryOptions {
  readonly hub: Pick<Hub, "publish" | "received">;
  readonly log: Pick<EventLog, "after" | "honours">;
  /** Names this isolate, and keeps a former leader from publishing what feeds bring. */
  readonly fence: Fence;
  readonly logger: Pick<Logger, "warn">;
}

/** Creates a repository. */
export function createArticleRepository(
  { hub, log, fence, logger }: ArticleRepositoryOptions,
): ArticleRepository {
  const projection = new ArticleProjection(log);

  async function append(event: ArticleEventInput, options: AppendOptions): Promise<void> {
    const earlier = event.type === RETRACTED ? projection.eventsOf(event.key) : [];
    // Two isolates that wrote at once may have lost a source that an earlier event names.
    const tags = [...new Set([...event.tags, ...earlier.flatMap((each) => each.tags)])];
    const retracts = earlier.map(({ id }) => id);
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

  /** Retracts late events: they were published while their article was being retracted. */
  async function retractAgain(lateEvents: readonly StreamEvent[]): Promise<void> {
    for (const [key, events] of Map.groupBy(lateEvents, (event) => event.key)) {
      const tags = [...new Set(events.flatMap((event) => event.tags))];
      const retracts = events.map(({ id }) => id);
      const retraction = { type: RETRACTED, data: { id: key }, key, tags };
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
      const added: ArticleEventInput[] = [];
      const publishedElsewhere = new Set<string>();
      // One publication per event: an idempotency key covers one article, and an error loses none before it.
      for (const event of events) {
        const isNew = event.type === "article";
        try {
          if (!isNew) await append(event, options);
          else if (!await appendNew(event, options)) publishedElsewhere.add(event.key);
          if (isNew) added.push(event);
        } catch (thrown) {
          const isTooLarge = thrown instanceof Problem && thrown.code === "event_too_large";
          if (by === "publisher" || !isTooLarge) throw thrown;
          logger.warn("An article is left out", { id: event.key, reason: thrown.message });
        }
      }
      if (added.length === 0) return publishedElsewhere;
      // An idempotency key may outlive the article in the log. Then the article is published again.
      const index = await read();
      for (const event of added) {
        if (index.get(event.key) || index.isRetracted(event.key)) continue;
        await append(event, options);
        publishedElsewhere.delete(event.key);
      }
      return publishedElsewhere;
    },
  };
}
