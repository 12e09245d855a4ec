/**
 * Where articles come in, from feeds and publishers alike, and go out as events.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import type { EventInput } from "../../core/event.ts";
import type { Article } from "./article.ts";
import {
  type ArticleKey,
  articleKeys,
  contentVersion,
  itemKeys,
  titleKey,
} from "./article_keys.ts";
import type { FeedItem } from "./parse/item.ts";
import { createRetractionTombstones, type NewsStore } from "./tombstones.ts";
import { type Correction, type PostedArticle, toChanges, toIncomingItem } from "./submission.ts";
import type { ArticleIndex, NewsEvent } from "./article_index.ts";
import { findSeenItem, mergeSeenItems, type SeenItems } from "./seen_items.ts";
import {
  type Classification,
  classifyItem,
  identityOf,
  type IncomingItem,
  type Trace,
} from "./dedupe.ts";

/**
 * An event to be published. Its key is the article's id: all events of one article have it. Where it retracts, the
 * article's earlier events go out of the log with it.
 */
export interface ArticleEventInput extends EventInput {
  readonly key: string;
  readonly tags: readonly string[];
}

/** What a newsroom needs. */
export interface ArticleIngestOptions {
  readonly clock: Clock;
  /** What is known now, by whomever it was published: what was published here before is on it. */
  readonly read: () => Promise<ArticleIndex>;
  readonly memory: NewsStore;
  /** How long a retraction, or a publisher's guid, is remembered: as long as the log keeps articles. */
  readonly retainMs: number;
  /** Resolves once the events are in the log, with the ids of new articles that another isolate was faster with. */
  readonly publish: (
    publications: readonly ArticleEventInput[],
    by: IncomingItem["by"],
  ) => Promise<ReadonlySet<string>>;
}

/** What became of a post. `retracted`: its link or guid was taken back. */
export type SubmissionResult =
  | { readonly kind: "new" | "known"; readonly article: Article }
  | { readonly kind: "retracted" };

/** Where articles come in. One thing is done at a time. */
export interface ArticleIngest {
  /**
   * Publishes what is new or changed in a feed's document, its last item first, since feeds begin with the newest.
   *
   * @param traces What the feed's items were made of before.
   * @returns What they are made of now. To be kept once this has resolved, never before.
   * @throws Whatever `publish`, `read` or the memory rejects with. What was published by then is known when it is tried
   * again.
   */
  ingest(
    feed: Omit<IncomingItem, "item">,
    items: readonly FeedItem[],
    traces: SeenItems,
  ): Promise<SeenItems>;
  submit(posted: PostedArticle): Promise<SubmissionResult>;
  /** Corrects an article. @returns Null where none of this id is known. */
  correct(id: string, correction: Correction): Promise<Article | null>;
  /** Takes an article back. @returns False where none of this id is known. */
  retract(id: string): Promise<boolean>;
}

/** The type of an event that takes an article back. */
export const RETRACTED = "article.retracted";

const TYPES = { new: "article", updated: "article.updated", sourced: "article.updated" } as const;

function publicationOf(type: string, article: Article): ArticleEventInput {
  const tags = article.sources.map(({ source }) => source);
  return { type, data: article, key: article.id, tags };
}

function retractionOf({ id, sources }: Article): ArticleEventInput {
  const tags = sources.map(({ source }) => source);
  return { type: RETRACTED, data: { id }, key: id, tags };
}

function eventOf({ type, data }: ArticleEventInput): NewsEvent {
  return { type, json: JSON.stringify(data) };
}

function publicationsOf(verdict: Classification): ArticleEventInput[] {
  return "article" in verdict ? [publicationOf(TYPES[verdict.kind], verdict.article)] : [];
}

/** Does one task after another. One that fails holds up no other. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const turn = last.then(task, task);
    last = turn.catch(() => {});
    return turn;
  };
}

/** Creates a newsroom. */
export function createArticleIngest(options: ArticleIngestOptions): ArticleIngest {
  const { clock, read, memory, retainMs, publish } = options;
  const retractions = createRetractionTombstones(memory, retainMs);
  const inTurn = createTurns();

  /** Publishes. @returns The article as the log has it afterwards, and whether its event is ours. */
  async function send(publication: ArticleEventInput) {
    const others = await publish([publication], "publisher");
    const { key } = publication;
    return { article: (await read()).article(key), isOurs: !others.has(key) };
  }

  /** Weighs an item of a feed; one that seems new might have been taken back before anybody here knew it. */
  async function judge(
    draft: ArticleIndex,
    incoming: IncomingItem,
    keys: readonly ArticleKey[],
    trace: Trace | null,
  ) {
    const verdict = classifyItem(draft, incoming, trace, clock.now());
    if (verdict.kind !== "new") return verdict;
    const all = [...new Set([verdict.id, ...keys])];
    const isRefused = await retractions.has(all, titleKey(incoming.item.title));
    return isRefused ? { kind: "refused", id: verdict.id } as const : verdict;
  }

  async function takeIn(
    feed: Omit<IncomingItem, "item">,
    items: readonly FeedItem[],
    traces: SeenItems,
  ): Promise<SeenItems> {
    const draft = (await read()).copy();
    const publications: ArticleEventInput[] = [];
    const own: SeenItems[number][] = [];
    for (const item of items) {
      const keys = itemKeys(feed.source, identityOf(item));
      // Of two items of one document that tell one article the first one counts: else they would take turns.
      if (findSeenItem(own, keys) !== null) continue;
      const verdict = await judge(draft, { ...feed, item }, keys, findSeenItem(traces, keys));
      own.push({ keys: [...keys], id: verdict.id, version: contentVersion(item) });
      const published = publicationsOf(verdict);
      for (const each of published) draft.apply(eventOf(each));
      publications.push(...published);
    }
    if (publications.length > 0) await publish(publications.reverse(), "feed");
    return mergeSeenItems(own, traces);
  }

  async function post(posted: PostedArticle): Promise<SubmissionResult> {
    const shelf = await read();
    const incoming = toIncomingItem(posted, clock.now());
    const identity = identityOf(incoming.item);
    const keys = itemKeys(incoming.source, identity);
    const names = keys.map((key) => `news:key:${key}`);
    // A guid is known by the id it was given, since an article has no field for it.
    const ids = await Promise.all(names.map((name) => memory.get(name)));
    const id = ids.find((each) => each !== null && shelf.article(each) !== undefined);
    const version = contentVersion(incoming.item);
    const verdict = classifyItem(shelf, incoming, id ? { id, version } : null, clock.now());
    const all = [verdict.id, ...keys, ...ids.filter((each) => each !== null)];
    const isRefused = verdict.kind === "refused" ||
      // What is there is known, even if its link was also that of an article that was taken back.
      verdict.kind === "new" && await retractions.has([...new Set(all)], null);
    if (isRefused) return { kind: "retracted" };
    const [publication] = publicationsOf(verdict);
    const { article, isOurs } = publication
      ? await send(publication)
      : { article: shelf.article(verdict.id), isOurs: false };
    if (posted.guid !== undefined) {
      await Promise.all(names.map((name) => memory.set(name, verdict.id, retainMs)));
    }
    // Another isolate may have taken it back meanwhile.
    if (article === undefined) return { kind: "retracted" };
    return { kind: verdict.kind === "new" && isOurs ? "new" : "known", article };
  }

  async function correct(id: string, correction: Correction): Promise<Article | null> {
    const article = (await read()).article(id);
    if (article === undefined) return null;
    const now = clock.now();
    const corrected = { ...article, ...toChanges(correction, now) };
    if (JSON.stringify(corrected) === JSON.stringify(article)) return article;
    const updated = { ...corrected, updated_at: new Date(now).toISOString() };
    const sent = await send(publicationOf("article.updated", updated));
    return sent.article ?? null;
  }

  async function retract(id: string): Promise<boolean> {
    const article = (await read()).article(id);
    if (article === undefined) return false;
    // Before it is published: a feed that is polled in between must not bring it back.
    await retractions.remember(articleKeys(article));
    await send(retractionOf(article));
    return true;
  }

  return {
    ingest: (feed, items, traces) => inTurn(() => takeIn(feed, items, traces)),
    submit: (posted) => inTurn(() => post(posted)),
    correct: (id, correction) => inTurn(() => correct(id, correction)),
    retract: (id) => inTurn(() => retract(id)),
  };
}
