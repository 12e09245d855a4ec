/**
 * The way of news into the log, and what the log says of it.
 *
 * @module
 */
import type { StreamEvent } from "../../core/event.ts";
import type { Logger } from "../../core/logger.ts";
import { Problem } from "../../core/problem.ts";
import type { Topic } from "../../core/topic.ts";
import type { Hub } from "../../hub/hub.ts";
import type { AppendOptions } from "../../store/event_log.ts";
import type { Fence } from "../../store/lease.ts";
import type { ArticleProjection } from "./article_projection.ts";
import { type ArticleEventInput, type ArticleIngestOptions, RETRACTED } from "./ingest.ts";
import type { ArticleIndex } from "./article_index.ts";

/** Where a newsroom reads and publishes. */
export type ArticleRepository = Pick<ArticleIngestOptions, "publish" | "read">;

/** What a press stands on. */
export interface ArticleRepositoryOptions {
  readonly topic: Topic;
  readonly hub: Pick<Hub, "publish" | "received">;
  readonly library: ArticleProjection;
  /** Names this isolate. What feeds bring is published by the leader only. */
  readonly fence: Fence;
  readonly log: Logger;
}

function isNew({ type }: ArticleEventInput): boolean {
  return type === "article";
}

/** Creates a press. */
export function createArticleRepository(
  { topic, hub, library, fence, log }: ArticleRepositoryOptions,
): ArticleRepository {
  /**
   * Publishes one event by itself: that is what makes a new article one with another isolate's, and a feed that was cut
   * short lose nothing.
   */
  async function append(publication: ArticleEventInput, options: AppendOptions): Promise<void> {
    const told = publication.type === RETRACTED ? library.eventsOf(publication.key) : [];
    // A source that an earlier event named, and a later one did not: two isolates wrote at once.
    const tags = [...new Set([...publication.tags, ...told.flatMap((each) => each.tags)])];
    const retracts = told.map(({ id }) => id);
    const ids = await hub.publish(topic, [{ ...publication, tags }], { ...options, retracts });
    await hub.received(ids);
  }

  /** @returns False where another isolate has published an article of this id. */
  async function appendOnce(
    publication: ArticleEventInput,
    options: AppendOptions,
  ): Promise<boolean> {
    const idempotencyKey = { key: `news ${publication.key}`, fingerprint: fence.holder };
    try {
      await append(publication, isNew(publication) ? { ...options, idempotencyKey } : options);
      return true;
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.code === "idempotency_key_reused") return false;
      throw thrown;
    }
  }

  /** Takes back what others told of an article while it was being taken back. */
  async function takeBack(strays: readonly StreamEvent[]): Promise<void> {
    for (const [key, events] of Map.groupBy(strays, (event) => event.key)) {
      const tags = [...new Set(events.flatMap((event) => event.tags))];
      const retracts = events.map(({ id }) => id);
      await hub.publish(topic, [{ type: RETRACTED, data: { id: key }, key, tags }], { retracts });
    }
  }

  async function read(): Promise<ArticleIndex> {
    await takeBack(await library.read());
    return library.index;
  }

  return {
    read,
    async publish(publications, by) {
      const options = by === "feed" ? { fence } : {};
      const fresh: ArticleEventInput[] = [];
      const others = new Set<string>();
      for (const publication of publications) {
        try {
          if (!await appendOnce(publication, options)) others.add(publication.key);
          if (isNew(publication)) fresh.push(publication);
        } catch (thrown) {
          const isTooLarge = thrown instanceof Problem && thrown.code === "event_too_large";
          if (by === "publisher" || !isTooLarge) throw thrown;
          log.warn("An article is left out", { id: publication.key, reason: thrown.message });
        }
      }
      if (fresh.length === 0) return others;
      // What was published within a day and is not kept any more is new again, whatever its key says.
      const shelf = await read();
      for (const publication of fresh) {
        const { key } = publication;
        if (shelf.article(key) || shelf.isRetracted(key)) continue;
        await append(publication, options);
        others.delete(key);
      }
      return others;
    },
  };
}
