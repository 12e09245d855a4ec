/**
 * Feeds and what is around them, for tests.
 *
 * @module
 */
import type { Article } from "../../../lib/topics/news/article.ts";
import type { FeedItem } from "../../../lib/topics/news/parse/item.ts";
import type { NewsStore } from "../../../lib/topics/news/tombstones.ts";
import {
  type ArticleEventInput,
  createArticleIngest,
  RETRACTED,
} from "../../../lib/topics/news/ingest.ts";
import { createArticleIndex, type NewsEvent } from "../../../lib/topics/news/article_index.ts";
import type { SeenItems } from "../../../lib/topics/news/seen_items.ts";
import { createManualClock } from "../../support/manual_clock.ts";

/** When every sample is read. */
export const NOW = Date.UTC(2026, 9, 5, 15);

/** The samples' names. */
export const SAMPLES = [
  ...["atom_press.xml", "rdf_rss1.xml", "rss2_markets.xml", "feed_bad_bare_ampersand.xml"],
  ...["feed_bad_billion_laughs.xml", "feed_bad_html_429.html", "feed_bad_truncated.xml"],
  "feed_bad_xxe.xml",
];

/** The text of a sample. */
export function sample(name: string): string {
  return Deno.readTextFileSync(new URL(`samples/${name}`, import.meta.url));
}

/** A feed of RSS 2.0 with these items. */
export function rss(items: string, channel = "<title>x</title>"): string {
  return `<?xml version="1.0"?><rss version="2.0"><channel>${channel}${items}</channel></rss>`;
}

/** An item that may be told by its number. */
export function item(n: number | string, changes: Partial<FeedItem> = {}): FeedItem {
  return {
    guid: `guid-${n}`,
    title: `Story number ${n}`,
    summary: `What happened in story ${n}.`,
    url: `https://news.example/${n}`,
    hasOwnLink: true,
    publishedAt: NOW - 60_000,
    ...changes,
  };
}

/** A memory that forgets by a clock. */
export function createTestStore(now: () => number): NewsStore & { readonly size: number } {
  const kept = new Map<string, { readonly text: string; readonly until: number }>();
  return {
    get: (key) => {
      const found = kept.get(key);
      return Promise.resolve(found !== undefined && now() < found.until ? found.text : null);
    },
    set: (key, text, ttlMs) => {
      kept.set(key, { text, until: now() + ttlMs });
      return Promise.resolve();
    },
    get size() {
      return kept.size;
    },
  };
}

/** How long what is retracted is remembered here. */
export const RETAIN_MS = 86_400_000;

/** The events of a log: a retraction takes those of its article out. */
export function createTestLog() {
  const kept: (NewsEvent & { readonly key: string })[] = [];
  return {
    kept,
    append(publications: readonly ArticleEventInput[]): void {
      for (const { type, data, key } of publications) {
        const left = kept.filter((event) => type !== RETRACTED || event.key !== key);
        kept.splice(0, Infinity, ...left, { type, json: JSON.stringify(data), key });
      }
    },
  };
}

/** A newsroom over a log and a memory of its own, and what it published. */
export function createTestIngest() {
  const clock = createManualClock(NOW);
  const memory = createTestStore(clock.now);
  const log = createTestLog();
  const published: ArticleEventInput[] = [];
  const traces = new Map<string, SeenItems>();
  const state = { isBroken: false };

  function open() {
    return createArticleIngest({
      clock,
      memory,
      read: () => Promise.resolve(createArticleIndex(log.kept)),
      retainMs: RETAIN_MS,
      publish: (publications) => {
        if (state.isBroken) return Promise.reject(new Error("the store is away"));
        published.push(...publications);
        log.append(publications);
        return Promise.resolve(new Set());
      },
    });
  }
  let newsroom = open();

  return {
    clock,
    log,
    state,
    newsroom: () => newsroom,
    /** Another isolate takes over, with what the log and the memory hold. */
    restart(): void {
      newsroom = open();
    },
    forgetTraces(): void {
      traces.clear();
    },
    /** Polls a feed. @returns What was published: type and title each, or the id of a retraction. */
    async poll(source: string, ...items: readonly FeedItem[]): Promise<string[]> {
      published.length = 0;
      const feed = { source, name: source, by: "feed", symbols: [], simulated: false } as const;
      traces.set(source, await newsroom.ingest(feed, items, traces.get(source) ?? []));
      return published.map(({ type, data }) => `${type}: ${titleOf(data)}`);
    },
    /** What was published since the last poll began. */
    published,
    /** The articles of the log, as they are now. */
    articles: () => articlesOf(log.kept),
  };
}

function titleOf(data: unknown): string {
  return data !== null && typeof data === "object" && "title" in data ? String(data.title) : "";
}

/** The articles that some events tell, as they are now. */
function articlesOf(events: readonly NewsEvent[]): Article[] {
  const shelf = createArticleIndex(events);
  const ids = new Set(events.map(({ json }): string => String(JSON.parse(json).id)));
  return [...ids].map((id) => shelf.article(id)).filter((each) => each !== undefined);
}
