/**
 * The ingestion of articles, from feeds and publishers alike: classify each item, publish what changes.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { createSerial } from "../../core/serial.ts";
import { isoTime } from "../../core/time.ts";
import type { Store } from "../../store/store.ts";
import { type Article, RETRACTED } from "./article.ts";
import type { ArticleIndex } from "./article_index.ts";
import { articleKeys, contentVersion, itemKeys, titleKey } from "./article_keys.ts";
import type { ArticleEventInput, ArticleRepository } from "./article_repository.ts";
import { type Classification, classifyItem, type IncomingItem } from "./dedupe.ts";
import { findSeenItem, mergeSeenItems, type SeenItem } from "./feed_state.ts";
import type { FeedItem } from "./parse/item.ts";
import { type Correction, type PostedArticle, toChanges, toIncomingItem } from "./submission.ts";
import { createRetractionTombstones } from "./tombstones.ts";

/** The dependencies of an ingest. */
export interface ArticleIngestOptions {
  readonly clock: Clock;
  readonly repository: ArticleRepository;
  readonly store: Pick<Store, "get" | "set">;
  /** The time to keep tombstones and publishers' guids, in milliseconds: as long as the log keeps articles. */
  readonly retainMs: number;
}

/** The outcome of a submission. `retracted`: an article of its link or guid was retracted, and nothing is published. */
export type SubmissionResult =
  | { readonly kind: "new" | "known"; readonly article: Article }
  | { readonly kind: "retracted" };

/** The one way of articles into the log. Calls run one after another. */
export interface ArticleIngest {
  /**
   * Publishes what is new or changed in a feed's document, the last item first: feeds begin with the newest.
   *
   * @param seenItems The feed's items as of its last poll.
   * @returns The feed's items as of this poll. The caller saves them after this has resolved, never before: otherwise
   * an error would lose articles.
   * @throws Whatever the repository or the store rejects with. A second attempt publishes nothing twice.
   */
  ingest(
    feed: Omit<IncomingItem, "item">,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
  ): Promise<readonly SeenItem[]>;
  /** Publishes a publisher's article, or adds the publisher as a source to a known one. */
  submit(posted: PostedArticle): Promise<SubmissionResult>;
  /** Corrects an article. @returns Null if the id is unknown. */
  correct(id: string, correction: Correction): Promise<Article | null>;
  /** Retracts an article. @returns False if the id is unknown. */
  retract(id: string): Promise<boolean>;
}

function articleEvent(type: "article" | "article.updated", article: Article): ArticleEventInput {
  const tags = article.sources.map(({ source }) => source);
  return { type, data: article, key: article.id, tags };
}

/** Creates an ingest. */
export function createArticleIngest(
  { clock, repository, store, retainMs }: ArticleIngestOptions,
): ArticleIngest {
  const tombstones = createRetractionTombstones(store, retainMs);
  const serial = createSerial();

  /** Classifies a feed's item. A tombstone may be older than what the index covers. */
  async function classifyFeedItem(
    index: ArticleIndex,
    incoming: IncomingItem,
    seen: SeenItem | null,
  ): Promise<Classification> {
    const classification = classifyItem(index, incoming, seen, clock.now());
    if (classification.kind !== "new") return classification;
    const { id } = classification;
    const keys = [...new Set([id, ...itemKeys(incoming.source, incoming.item)])];
    const isRetracted = await tombstones.has(keys, titleKey(incoming.item.title));
    return isRetracted ? { kind: "retracted", id } : classification;
  }

  async function ingest(
    feed: Omit<IncomingItem, "item">,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
  ): Promise<readonly SeenItem[]> {
    const draft = (await repository.read()).copy();
    const events: ArticleEventInput[] = [];
    const seenNow: SeenItem[] = [];
    for (const item of items) {
      const keys = itemKeys(feed.source, item);
      // Items of one document that share a key are one article. The first one counts, or they would update it in turn.
      if (findSeenItem(seenNow, keys) !== null) continue;
      const seen = findSeenItem(seenItems, keys);
      const classification = await classifyFeedItem(draft, { ...feed, item }, seen);
      seenNow.push({ keys, id: classification.id, version: contentVersion(item) });
      if (!("article" in classification)) continue;
      const { kind, article } = classification;
      draft.put(article);
      events.push(articleEvent(kind === "new" ? "article" : "article.updated", article));
    }
    if (events.length > 0) await repository.publish(events.reverse(), "feed");
    return mergeSeenItems(seenNow, seenItems);
  }

  /** Publishes an event. @returns The article as the log has it then, and whether another isolate published it. */
  async function publish(event: ArticleEventInput) {
    const publishedElsewhere = await repository.publish([event], "publisher");
    const article = (await repository.read()).get(event.key);
    return { article, isPublishedElsewhere: publishedElsewhere.has(event.key) };
  }

  async function submit(posted: PostedArticle): Promise<SubmissionResult> {
    const index = await repository.read();
    const incoming = toIncomingItem(posted, clock.now());
    const keys = itemKeys(incoming.source, incoming.item);
    // An article has no field for a guid, so the store has the article's id under it.
    const storeKeys = keys.map((key) => `news:key:${key}`);
    const values = await Promise.all(storeKeys.map((key) => store.get(key)));
    const storedIds = values.filter((value) => value !== null);
    const id = storedIds.find((each) => index.get(each) !== undefined);
    const seen = id === undefined ? null : { id, version: contentVersion(incoming.item) };
    const classification = classifyItem(index, incoming, seen, clock.now());
    // A known article stays known, even if it has the link of a retracted one by a correction.
    const isRetracted = classification.kind === "retracted" ||
      classification.kind === "new" &&
        await tombstones.has([...new Set([classification.id, ...keys, ...storedIds])], null);
    if (isRetracted) return { kind: "retracted" };

    const isNew = classification.kind === "new";
    const { article, isPublishedElsewhere } = "article" in classification
      ? await publish(
        articleEvent(isNew ? "article" : "article.updated", classification.article),
      )
      : { article: index.get(classification.id), isPublishedElsewhere: false };
    if (posted.guid !== undefined) {
      await Promise.all(storeKeys.map((key) => store.set(key, classification.id, retainMs)));
    }
    // Another isolate may have retracted it in the meantime.
    if (article === undefined) return { kind: "retracted" };
    return { kind: isNew && !isPublishedElsewhere ? "new" : "known", article };
  }

  async function correct(id: string, correction: Correction): Promise<Article | null> {
    const article = (await repository.read()).get(id);
    if (article === undefined) return null;
    const now = clock.now();
    const corrected = { ...article, ...toChanges(correction, now) };
    if (JSON.stringify(corrected) === JSON.stringify(article)) return article;
    const updated = { ...corrected, updated_at: isoTime(now) };
    return (await publish(articleEvent("article.updated", updated))).article ?? null;
  }

  async function retract(id: string): Promise<boolean> {
    const article = (await repository.read()).get(id);
    if (article === undefined) return false;
    // Before the event, so that a feed polled in between does not publish the article again.
    await tombstones.add(articleKeys(article));
    const tags = article.sources.map(({ source }) => source);
    await publish({ type: RETRACTED, data: { id }, key: id, tags });
    return true;
  }

  return {
    ingest: (feed, items, seenItems) => serial(() => ingest(feed, items, seenItems)),
    submit: (posted) => serial(() => submit(posted)),
    correct: (id, correction) => serial(() => correct(id, correction)),
    retract: (id) => serial(() => retract(id)),
  };
}
