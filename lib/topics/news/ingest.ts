/**
 * The ingestion of articles from feeds and publishers: it matches each item with the known articles and publishes the
 * changes.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { createSerial } from "../../core/serial.ts";
import { isoTime } from "../../core/time.ts";
import type { Store } from "../../store/store.ts";
import { type Article, MAX_ARTICLE_SOURCES } from "./article.ts";
import { ARCHIVE_TTL_MS } from "./article_archive.ts";
import type { ArticleIndex } from "./article_index.ts";
import type { FindSymbols } from "./article_symbols.ts";
import type { ArticleEventInput, ArticleRepository } from "./article_repository.ts";
import { changesArticle, classifyItem, createArticle, type IncomingFeed } from "./classify.ts";
import { articleKeys, guidKey, linkKey, type MatchedItem, matchItems } from "./identity.ts";
import { articleTags, eventTags } from "./news_filter.ts";
import type { FeedItem } from "./parse/item.ts";
import { MAX_DOCUMENT_ITEMS, mergeSeenItems, type SeenItem } from "./seen_items.ts";
import {
  type Correction,
  type IncomingSubmission,
  type Submission,
  toCorrectedFields,
  toIncomingSubmission,
} from "./submission.ts";
import { createRetractionTombstones } from "./tombstones.ts";
import { NEWS_EVENTS } from "./topic.ts";

/** The most new or changed items of one publication, so that a request to the store stays well below a megabyte. */
const MAX_PUBLISHED_TOGETHER = 100;

/** The dependencies of an ingest. */
export interface ArticleIngestOptions {
  readonly clock: Clock;
  readonly repository: ArticleRepository;
  readonly store: Pick<Store, "get" | "getMany" | "set">;
  /** The most articles of a feed's first document. */
  readonly maxPerSource: number;
  /** Finds the symbols of a new or changed article by its text. By default there are none. */
  readonly findSymbols?: FindSymbols;
}

/** The outcome of a submission. `retracted`: an article with its link or guid was retracted, so nothing is published. */
export type SubmissionResult =
  | { readonly kind: "new" | "known"; readonly article: Article }
  | { readonly kind: "retracted" };

/** The outcome of a document. */
export interface IngestResult {
  /** The feed's items as of this document. The caller saves them only now, so that an error loses no article. */
  readonly seenItems: readonly SeenItem[];
  /** The number of new articles. */
  readonly published: number;
  /** The number of items of the document that are left out, because newer ones of its first document took their place. */
  readonly cut: number;
}

/** Publishes all articles of this isolate. Calls of publishers wait for each other, and never for a feed. */
export interface ArticleIngest {
  /**
   * Publishes the new and the changed items of a feed's document, oldest first. Nothing is read or published if the document
   * shows nothing new.
   *
   * @param seenItems The feed's items as of its last poll, none at its first.
   * @throws {Problem} `fenced` if this isolate is no longer the leader.
   * @throws {StoreUnavailable} If the store does not answer. A second attempt publishes no article twice.
   */
  ingest(
    feed: IncomingFeed,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
  ): Promise<IngestResult>;
  /** Publishes a publisher's article, or adds the publisher as a source to a known one. */
  submit(submission: Submission): Promise<SubmissionResult>;
  /** Corrects an article. @returns Null if the id is unknown. */
  correct(id: string, correction: Correction): Promise<Article | null>;
  /** Retracts an article. @returns False if the id is unknown. */
  retract(id: string): Promise<boolean>;
}

function articleEvent(
  kind: "added" | "updated",
  article: Article,
  rankAt: number | null,
): ArticleEventInput {
  return {
    type: NEWS_EVENTS[kind],
    data: article,
    key: article.id,
    tags: [...articleTags(article), ...eventTags({ article, rankAt }, kind === "added")],
  };
}

/** Sorts items by date, oldest first. A document without dates begins with the newest. */
function oldestFirst<Ranked extends { readonly item: FeedItem }>(
  items: readonly Ranked[],
): readonly Ranked[] {
  const reversed = items.toReversed();
  const rankOf = ({ item }: Ranked) => item.rankAt ?? item.publishedAt;
  if (reversed.some((ranked) => rankOf(ranked) === null)) return reversed;
  return reversed.toSorted((a, b) => (rankOf(a) ?? 0) - (rankOf(b) ?? 0));
}

/** Creates an ingest. */
export function createArticleIngest(
  { clock, repository, store, maxPerSource, findSymbols = () => [] }: ArticleIngestOptions,
): ArticleIngest {
  const tombstones = createRetractionTombstones(store);
  const serial = createSerial();

  /** Finds the retracted keys of some items: of those that may be new. */
  function findRetracted(items: readonly MatchedItem<SeenItem>[]) {
    const keys = items.filter(({ known }) => known === null).flatMap(({ keys }) => keys);
    return tombstones.find([...new Set(keys)]);
  }

  /** Matches the items of a document with those that the feed has shown before, oldest first. */
  function matchDocument(
    { source }: IncomingFeed,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
    index: ArticleIndex,
  ): readonly MatchedItem<SeenItem>[] {
    const titleOf = ({ id }: SeenItem) => id === null ? undefined : index.get(id)?.title;
    const matched = matchItems(source, items, seenItems, titleOf);
    return oldestFirst(matched).slice(-MAX_DOCUMENT_ITEMS);
  }

  /**
   * Publishes a part of a document: the new and changed items that no earlier part had.
   *
   * @param states The items of earlier parts. Those of this part are added.
   */
  function publishPart(
    feed: IncomingFeed,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
    states: ReadonlyMap<FeedItem, SeenItem>,
  ) {
    const isFirst = seenItems.length === 0;
    return repository.update("feed", async (index) => {
      const matched = matchDocument(feed, items, seenItems, index);
      const part = (isFirst ? matched.slice(-maxPerSource) : matched)
        .filter((each) => changesArticle(each) && !states.has(each.item))
        .slice(0, MAX_PUBLISHED_TOGETHER);
      const retracted = await findRetracted(part);
      const draft = index.copy();
      const now = clock.now();
      const events: ArticleEventInput[] = [];
      const added = new Map<FeedItem, SeenItem>();
      for (const each of part) {
        const isRetracted = each.keys.some((key) => retracted.has(key));
        const options = { now, isFirst, isRetracted, findSymbols };
        const classification = classifyItem(draft, feed, each, options);
        added.set(each.item, classification.seen);
        if (classification.article === null) continue;
        const { article, rankAt } = classification;
        draft.put({ article, rankAt });
        events.push(articleEvent(classification.kind, article, rankAt));
      }
      return { events, result: { matched, added, events } };
    });
  }

  async function ingest(
    feed: IncomingFeed,
    items: readonly FeedItem[],
    seenItems: readonly SeenItem[],
  ): Promise<IngestResult> {
    const states = new Map<FeedItem, SeenItem>();
    let matched = matchDocument(feed, items, seenItems, repository.index);
    let published = 0;
    let isWhole = !matched.some(changesArticle);
    while (!isWhole) {
      const part = await publishPart(feed, items, seenItems, states);
      for (const [item, state] of part.added) states.set(item, state);
      published += part.events.filter(({ type }) => type === NEWS_EVENTS.added).length;
      isWhole = part.added.size < MAX_PUBLISHED_TOGETHER;
      matched = part.matched;
    }
    const documentItems = matched.map(({ item, identity, known }): SeenItem =>
      states.get(item) ?? { ...identity, id: known?.id ?? null, editions: known?.editions ?? [] }
    );
    const shown = new Set(matched.map(({ known }) => known));
    return {
      seenItems: mergeSeenItems(documentItems, seenItems.filter((seen) => !shown.has(seen))),
      published,
      cut: documentItems.filter(({ id }) => id === null).length,
    };
  }

  /** Returns the store key under which the id of an article with a publisher's guid is. */
  function guidStoreKey({ source, item }: IncomingSubmission): string | null {
    return item.guid === null ? null : `news:key:${guidKey(source, item.guid)}`;
  }

  async function submit(submission: Submission): Promise<SubmissionResult> {
    const incoming = toIncomingSubmission(submission, clock.now());
    const { source, sourceName, item } = incoming;
    const storeKey = guidStoreKey(incoming);
    const link = linkKey(item.url);
    const result = await repository.update<SubmissionResult>("publisher", async (index) => {
      const storedId = storeKey === null ? null : await store.get(storeKey);
      const known = (storedId === null ? undefined : index.get(storedId)) ?? index.find([link]);
      if (known === undefined) {
        const keys = [link, ...storedId === null ? [] : [storedId]];
        const isRetracted = keys.some((key) => index.isRetracted(key)) ||
          (await tombstones.find(keys)).size > 0;
        if (isRetracted) return { events: [], result: { kind: "retracted" } };
        const article = createArticle(index, incoming, link, clock.now());
        const event = articleEvent("added", article, null);
        return { events: [event], result: { kind: "new", article } };
      }
      const article = withSource(known, source, sourceName, item.url);
      if (article === known) return { events: [], result: { kind: "known", article } };
      const event = articleEvent("updated", article, index.rankOf(known.id));
      return { events: [event], result: { kind: "known", article } };
    });
    if (storeKey !== null && result.kind !== "retracted") {
      await store.set(storeKey, result.article.id, ARCHIVE_TTL_MS);
    }
    return result;
  }

  /** Adds a publisher to an article's sources, unless it is one of them or there are too many. */
  function withSource(article: Article, source: string, name: string, url: string): Article {
    const isKnown = article.sources.some((known) => known.source === source);
    if (isKnown || article.sources.length >= MAX_ARTICLE_SOURCES) return article;
    const sources = [...article.sources, { source, name, url }];
    return { ...article, sources, updated_at: isoTime(clock.now()) };
  }

  function correct(id: string, correction: Correction): Promise<Article | null> {
    return repository.update<Article | null>("publisher", (index) => {
      const article = index.get(id);
      if (article === undefined) return Promise.resolve({ events: [], result: null });
      const now = clock.now();
      const corrected = { ...article, ...toCorrectedFields(correction, now) };
      if (JSON.stringify(corrected) === JSON.stringify(article)) {
        return Promise.resolve({ events: [], result: article });
      }
      const updated = { ...corrected, updated_at: isoTime(now) };
      const event = articleEvent("updated", updated, index.rankOf(id));
      return Promise.resolve({ events: [event], result: updated });
    });
  }

  function retract(id: string): Promise<boolean> {
    return repository.update("publisher", async (index) => {
      const article = index.get(id);
      if (article === undefined) return { events: [], result: false };
      // The tombstones come before the event, so that a feed polled in between does not publish the article again.
      await tombstones.add(articleKeys(article));
      const tags = articleTags(article);
      const event = { type: NEWS_EVENTS.retracted, data: { id }, key: id, tags };
      return { events: [event], result: true };
    });
  }

  return {
    ingest: (feed, items, seenItems) => serial(() => ingest(feed, items, seenItems), "feeds"),
    submit: (submission) => serial(() => submit(submission), "publishers"),
    correct: (id, correction) => serial(() => correct(id, correction), "publishers"),
    retract: (id) => serial(() => retract(id), "publishers"),
  };
}
