/**
 * Feeds, items and articles for tests of news.
 *
 * @module
 */
import type { Clock } from "../../../lib/core/clock.ts";
import { DAY_MS } from "../../../lib/core/time.ts";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import type { Store } from "../../../lib/store/store.ts";
import type { Article } from "../../../lib/topics/news/article.ts";
import { ArticleIndex } from "../../../lib/topics/news/article_index.ts";
import type { ArticleEventInput } from "../../../lib/topics/news/article_repository.ts";
import type { SeenItem } from "../../../lib/topics/news/feed_state.ts";
import { createArticleIngest } from "../../../lib/topics/news/ingest.ts";
import type { FeedItem } from "../../../lib/topics/news/parse/item.ts";
import { NEWS_EVENTS, type NewsEvent } from "../../../lib/topics/news/topic.ts";
import { createManualClock } from "../../support/manual_clock.ts";

/** The time at which every sample is parsed. */
export const NOW = Date.UTC(2026, 9, 5, 15);

/** The names of the samples. */
export const SAMPLES = [
  ...["atom_press.xml", "rdf_rss1.xml", "rss2_markets.xml", "feed_bad_bare_ampersand.xml"],
  ...["feed_bad_billion_laughs.xml", "feed_bad_html_429.html", "feed_bad_truncated.xml"],
  "feed_bad_xxe.xml",
];

/** Reads a sample. */
export function sample(name: string): string {
  return Deno.readTextFileSync(new URL(`samples/${name}`, import.meta.url));
}

/** Makes an RSS 2.0 document. */
export function rss(items: string, channel = "<title>x</title>"): string {
  return `<?xml version="1.0"?><rss version="2.0"><channel>${channel}${items}</channel></rss>`;
}

/** Makes an item. Two items differ in everything if their numbers differ. */
export function item(n: number | string, changes: Partial<FeedItem> = {}): FeedItem {
  return {
    guid: `guid-${n}`,
    title: `Story number ${n}`,
    summary: `What happened in story ${n}.`,
    url: `https://news.example/${n}`,
    hasOwnLink: true,
    publishedAt: NOW - 60_000,
    rankAt: changes.publishedAt ?? NOW - 60_000,
    image: null,
    author: null,
    categories: [],
    language: null,
    ...changes,
  };
}

/** Makes an article. */
export function article(id: string, changes: Partial<Article> = {}, ...sources: string[]): Article {
  const url = `https://news.example/${id}`;
  const names = sources.length > 0 ? sources : ["bbc"];
  return {
    id,
    story: id,
    title: id.toUpperCase(),
    summary: "",
    url,
    image: null,
    author: null,
    categories: [],
    language: null,
    sources: names.map((source) => ({ source, name: source, url })),
    published_at: null,
    first_seen_at: "2026-10-05T15:00:00.000Z",
    updated_at: null,
    symbols: [],
    backfill: false,
    simulated: false,
    ...changes,
  };
}

/** The retention of the log and of tombstones in tests, in milliseconds. */
export const RETAIN_MS = DAY_MS;

/** Creates the in-memory backend on a clock. */
export function createTestState(clock: Clock, retainEvents = 1000) {
  return createMemoryState({ clock, random: () => 0.5 }, { retainEvents, retainMs: RETAIN_MS });
}

/** Creates a store on a clock. */
export function createTestStore(clock: Clock): Store {
  return createTestState(clock).store;
}

/** Creates a log: a retraction removes its article's events. */
export function createTestLog() {
  const retained: (NewsEvent & { readonly key: string })[] = [];
  return {
    retained,
    append(events: readonly ArticleEventInput[]): void {
      for (const { type, data, key } of events) {
        const remaining = retained.filter((event) =>
          type !== NEWS_EVENTS.retracted || event.key !== key
        );
        retained.splice(0, Infinity, ...remaining, { type, json: JSON.stringify(data), key });
      }
    },
  };
}

/** Creates an ingest with its own log and store. It records what is published. */
export function createTestIngest() {
  const clock = createManualClock(NOW);
  const store = createTestStore(clock);
  const log = createTestLog();
  const published: ArticleEventInput[] = [];
  const seenItems = new Map<string, readonly SeenItem[]>();
  const state = { isBroken: false };

  function createIsolateIngest() {
    return createArticleIngest({
      clock,
      store,
      retainMs: RETAIN_MS,
      repository: {
        read: () => Promise.resolve(new ArticleIndex(log.retained)),
        publish: (events) => {
          if (state.isBroken) return Promise.reject(new Error("the store is unavailable"));
          published.push(...events);
          log.append(events);
          return Promise.resolve(new Set());
        },
      },
    });
  }
  let ingest = createIsolateIngest();

  return {
    clock,
    log,
    state,
    ingest: () => ingest,
    /** Replaces the ingest by another isolate's, on the same log and store. */
    restart(): void {
      ingest = createIsolateIngest();
    },
    forgetSeenItems(): void {
      seenItems.clear();
    },
    /** Polls a feed. @returns The type and title of each event that was published. */
    async poll(source: string, ...items: readonly FeedItem[]): Promise<string[]> {
      published.length = 0;
      const feed = {
        source,
        sourceName: source,
        by: "feed",
        symbols: [],
        isSimulated: false,
      } as const;
      seenItems.set(source, await ingest.ingest(feed, items, seenItems.get(source) ?? []));
      return published.map(({ type, data }) => `${type}: ${titleOf(data)}`);
    },
    /** The events that were published since the last poll began. */
    published,
    /** Returns the articles of the log. */
    articles(): Article[] {
      const index = new ArticleIndex(log.retained);
      const ids = new Set(log.retained.map(({ key }) => key));
      return [...ids].map((id) => index.get(id)).filter((article) => article !== undefined);
    },
  };
}

function titleOf(data: unknown): string {
  return data !== null && typeof data === "object" && "title" in data ? String(data.title) : "";
}
