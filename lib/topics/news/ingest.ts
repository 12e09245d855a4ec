/**
 * The ingestion of articles from feeds and publishers: it classifies each item and publishes the changes.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { createSerial } from "../../core/serial.ts";
import { isoTime } from "../../core/time.ts";
import type { Store } from "../../store/store.ts";
import type { Article } from "./article.ts";
import type { ArticleIndex } from "./article_index.ts";
import { articleKeys, contentVersion, itemKeys, titleKey } from "./article_keys.ts";
import type { ArticleEventInput, ArticleRepository } from "./article_repository.ts";
import { type Classification, classifyItem, type IncomingItem } from "./dedupe.ts";
import { findSeenItem, mergeSeenItems, type SeenItem } from "./feed_state.ts";
import { articleTags } from "./news_filter.ts";
import type { FeedItem } from "./parse/item.ts";
import {
  type Correction,
  type Submission,
  toCorrectedFields,
  toIncomingItem,
} from "./submission.ts";
import { createRetractionTombstones } from "./tombstones.ts";
import { NEWS_EVENTS } from "./topic.ts";

/** The dependencies of an ingest. */
export interface ArticleIngestOptions {
  readonly clock: Clock;
  readonly repository: ArticleRepository;
  readonly store: Pick<Store, "get" | "set">;
  /** The time to keep tombstones and publishers' guids, in milliseconds: as long as the log keeps articles. */
  readonly retainMs: number;
}

/** The outcome of a submission. `retracted`: an article with its link or guid was retracted, so nothing is published. */
export type SubmissionResult =
  | { readonly kind: "new" | "known"; readonly article: Article }
  | { readonly kind: "retracted" };

/** Publishes all articles of this isolate. Calls run one after another, in the order in which they were made. */
export interface ArticleIngest {
  /**
   * Publishes the new and the changed items of a feed's document, the last one first, because feeds begin with the
   * newest.
   *
   * @param seenItems The feed's items as of its last poll.
   * @returns The feed's items as of this poll. The caller saves them only now, so that an error loses no article.
   * @throws {Problem} `fenced` if this isolate is no longer the leader.
   * @throws {StoreUnavailable} If the store does not answer. A second attempt publishes no article twice.
   */
  ingest(
    feed: Omit<IncomingItem, "item">,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
  ): Promise<readonly SeenItem[]>;
  /** Publishes a publisher's article, or adds the publisher as a source to a known one. */
  submit(submission: Submission): Promise<SubmissionResult>;
  /** Corrects an article. @returns Null if the id is unknown. */
  correct(id: string, correction: Correction): Promise<Article | null>;
  /** Retracts an article. @returns False if the id is unknown. */
  retract(id: string): Promise<boolean>;
}

/** The result of a publisher's publication. */
interface PublishResult {
  /** The article as the log has it after the publication, or undefined if it was retracted. */
  readonly article: Article | undefined;
  readonly isPublishedElsewhere: boolean;
}

function articleEvent(kind: "added" | "updated", article: Article): ArticleEventInput {
  const type = NEWS_EVENTS[kind];
  return { type, data: article, key: article.id, tags: articleTags(article) };
}

/** Creates an ingest. */
export function createArticleIngest(
  { clock, repository, store, retainMs }: ArticleIngestOptions,
): ArticleIngest {
  const tombstones = createRetractionTombstones(store, retainMs);
  const serial = createSerial();

  /** Classifies a feed's item by the index, then by the tombstones, which may be older than the index. */
  async function classifyFeedItem(
    index: ArticleIndex,
    incoming: IncomingItem,
    seen: SeenItem | null,
  ): Promise<Classification> {
    const classification = classifyItem(index, incoming, seen, clock.now());
    if (classification.kind !== "new") return classification;
    const { id } = classification;
    const keys = [...new Set([id, ...itemKeys(incoming.source, incoming.item)])];
    const isRetracted = await tombstones.matchAndRenew(keys, titleKey(incoming.item.title));
    return isRetracted ? { kind: "retracted", id } : classification;
  }

  async function ingest(
    feed: Omit<IncomingItem, "item">,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
  ): Promise<readonly SeenItem[]> {
    const draft = (await repository.read()).copy();
    const events: ArticleEventInput[] = [];
    const documentItems: SeenItem[] = [];
    for (const item of items) {
      const keys = itemKeys(feed.source, item);
      // Items of one document that share a key are one article. Only the first one counts, because two of them would
      // update the article in turn at every poll.
      if (findSeenItem(documentItems, keys) !== null) continue;
      const seen = findSeenItem(seenItems, keys);
      const classification = await classifyFeedItem(draft, { ...feed, item }, seen);
      documentItems.push({ keys, id: classification.id, version: contentVersion(item) });
      if (!("article" in classification)) continue;
      const { kind, article } = classification;
      draft.put(article);
      events.push(articleEvent(kind === "new" ? "added" : "updated", article));
    }
    if (events.length > 0) await repository.publish(events.toReversed(), "feed");
    return mergeSeenItems(documentItems, seenItems);
  }

  async function publish(event: ArticleEventInput): Promise<PublishResult> {
    const publishedElsewhere = await repository.publish([event], "publisher");
    const article = (await repository.read()).get(event.key);
    return { article, isPublishedElsewhere: publishedElsewhere.has(event.key) };
  }

  async function submit(submission: Submission): Promise<SubmissionResult> {
    const index = await repository.read();
    const incoming = toIncomingItem(submission, clock.now());
    const keys = itemKeys(incoming.source, incoming.item);
    // An article has no field for a guid, so the store maps the keys of a submission with a guid to the article's id.
    const storeKeys = keys.map((key) => `news:key:${key}`);
    const storedIds = (await Promise.all(storeKeys.map((key) => store.get(key))))
      .filter((storedId) => storedId !== null);
    const id = storedIds.find((storedId) => index.get(storedId) !== undefined);
    const seen = id === undefined ? null : { id, version: contentVersion(incoming.item) };
    const classification = classifyItem(index, incoming, seen, clock.now());
    // Tombstones apply to new articles only: a correction may have given a known one the link of a retracted one.
    const isRetracted = classification.kind === "retracted" ||
      classification.kind === "new" &&
        await tombstones.matchAndRenew(
          [...new Set([classification.id, ...keys, ...storedIds])],
          null, // a publisher may use the title of a retracted article
        );
    if (isRetracted) return { kind: "retracted" };

    const isNew = classification.kind === "new";
    const { article, isPublishedElsewhere } = "article" in classification
      ? await publish(articleEvent(isNew ? "added" : "updated", classification.article))
      : { article: index.get(classification.id), isPublishedElsewhere: false };
    if (incoming.item.guid !== null) {
      await Promise.all(storeKeys.map((key) => store.set(key, classification.id, retainMs)));
    }
    // Another isolate may have retracted the article in the meantime.
    if (article === undefined) return { kind: "retracted" };
    return { kind: isNew && !isPublishedElsewhere ? "new" : "known", article };
  }

  async function correct(id: string, correction: Correction): Promise<Article | null> {
    const article = (await repository.read()).get(id);
    if (article === undefined) return null;
    const now = clock.now();
    const corrected = { ...article, ...toCorrectedFields(correction, now) };
    if (JSON.stringify(corrected) === JSON.stringify(article)) return article;
    const updated = { ...corrected, updated_at: isoTime(now) };
    return (await publish(articleEvent("updated", updated))).article ?? null;
  }

  async function retract(id: string): Promise<boolean> {
    const article = (await repository.read()).get(id);
    if (article === undefined) return false;
    // The tombstones come before the event, so that a feed polled in between does not publish the article again.
    await tombstones.add(articleKeys(article));
    await publish({
      type: NEWS_EVENTS.retracted,
      data: { id },
      key: id,
      tags: articleTags(article),
    });
    return true;
  }

  return {
    ingest: (feed, items, seenItems) => serial(() => ingest(feed, items, seenItems)),
    submit: (submission) => serial(() => submit(submission)),
    correct: (id, correction) => serial(() => correct(id, correction)),
    retract: (id) => serial(() => retract(id)),
  };
}
