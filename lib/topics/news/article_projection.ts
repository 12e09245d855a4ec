/**
 * What the log keeps of news, read when it is needed: nothing is followed for it.
 *
 * @module
 */
import type { StreamEvent } from "../../core/event.ts";
import { comparePositions, ORIGIN, type Position } from "../../core/position.ts";
import type { Topic } from "../../core/topic.ts";
import type { EventLog } from "../../store/event_log.ts";
import { RETRACTED } from "./ingest.ts";
import { type ArticleIndex, createArticleIndex } from "./article_index.ts";

/** The most that is read at once, in bytes. */
const PAGE_BYTES = 262_144;

/** Where an article was told, and to whom. */
export type LoggedArticle = Pick<StreamEvent, "id" | "tags">;

/** What is known of news. */
export interface ArticleProjection {
  /** What is known, as of the last read. */
  readonly index: ArticleIndex;
  /**
   * Reads what was published since the last read, or all that is kept where that cannot be told. Not twice at once.
   *
   * @returns Events that tell an article which had been taken back: two isolates did both at once.
   */
  read(): Promise<readonly StreamEvent[]>;
  /** The events that tell an article, as far as the log keeps them. */
  eventsOf(article: string): readonly LoggedArticle[];
}

/** Creates a library of which nothing was read yet. */
export function createArticleProjection(
  log: Pick<EventLog, "after" | "honours">,
  topic: Topic,
): ArticleProjection {
  let shelf = createArticleIndex();
  let position = ORIGIN;
  /** By article, oldest first. */
  let events = new Map<string, readonly LoggedArticle[]>();

  function startAnew(): void {
    shelf = createArticleIndex();
    position = ORIGIN;
    events = new Map();
  }

  function take(event: StreamEvent): void {
    shelf.apply(event);
    if (event.type === RETRACTED) events.delete(event.key);
    else {
      const { id, tags } = event;
      events.set(event.key, [...events.get(event.key) ?? [], { id, tags }]);
    }
    position = event.id;
  }

  /** Forgets what the log does not keep any more, so that all isolates know the same. */
  function lapse(oldest: Position | null): void {
    for (const [article, told] of events) {
      const kept = told.filter(({ id }) => oldest !== null && comparePositions(id, oldest) >= 0);
      if (kept.length === told.length) continue;
      events.set(article, kept);
      if (kept.length > 0) continue;
      events.delete(article);
      shelf.forget(article);
    }
  }

  return {
    get index() {
      return shelf;
    },
    async read() {
      // The log may be another one by now.
      if (position !== ORIGIN && !await log.honours(position)) startAnew();
      const told: StreamEvent[] = [];
      for (;;) {
        const page = await log.after(topic, position, PAGE_BYTES);
        const { truncatedAt: lost } = page;
        if (position !== ORIGIN && lost !== null && comparePositions(lost, position) > 0) {
          // Something came and went unseen.
          startAnew();
          continue;
        }
        page.events.forEach(take);
        told.push(...page.events.filter(({ type }) => type !== RETRACTED));
        if (!page.isWhole) continue;
        lapse(page.oldestId);
        return told.filter(({ key }) => shelf.isRetracted(key));
      }
    },
    eventsOf: (article) => events.get(article) ?? [],
  };
}
