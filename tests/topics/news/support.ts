/**
 * Feeds, items and articles for tests of news.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Clock } from "../../../lib/core/clock.ts";
import type { EventInput } from "../../../lib/core/event.ts";
import { serialize } from "../../../lib/core/serialize.ts";
import { DAY_MS } from "../../../lib/core/time.ts";
import type { Topic } from "../../../lib/core/topic.ts";
import type { CasOptions, EventLog } from "../../../lib/store/event_log.ts";
import type { SharedState } from "../../../lib/store/backend.ts";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import type { Store } from "../../../lib/store/store.ts";
import type { Article } from "../../../lib/topics/news/article.ts";
import { createArticleArchive } from "../../../lib/topics/news/article_archive.ts";
import { mergeWithArchive } from "../../../lib/topics/news/article_list.ts";
import { createArticleRepository } from "../../../lib/topics/news/article_repository.ts";
import { createArticleIngest } from "../../../lib/topics/news/ingest.ts";
import type { FeedItem } from "../../../lib/topics/news/parse/item.ts";
import type { SeenItem } from "../../../lib/topics/news/seen_items.ts";
import { newsTopic } from "../../../lib/topics/news/topic.ts";
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

/** The retention of the log in tests, in milliseconds. */
export const RETAIN_MS = DAY_MS;

/** The most archived articles of a source in tests. */
export const MAX_PER_SOURCE = 50;

/** Creates the in-memory backend on a clock. */
export function createTestState(clock: Clock, retainEvents = 1000) {
  return createMemoryState({ clock, random: () => 0.5 }, { retainEvents, retainMs: RETAIN_MS });
}

/** Creates a store on a clock. */
export function createTestStore(clock: Clock): Store {
  return createTestState(clock).store;
}

/** Creates the publishing part of a hub on a log. It records the events of all publications. */
export function createTestHub(log: EventLog) {
  const published: EventInput[] = [];
  return {
    published,
    received: () => Promise.resolve(),
    async updateAndPublish(
      topic: Topic,
      inputs: readonly EventInput[],
      options: CasOptions,
    ) {
      const events = inputs.map((input) => serialize(topic, input, 65_536));
      const appended = await log.append(topic, events, options);
      if (appended.kind === "stale") return { isSet: false, current: appended.current, ids: [] };
      assert("ids" in appended, appended.kind);
      published.push(...inputs);
      return { isSet: true, current: options.cas.next, ids: appended.ids };
    },
  };
}

/**
 * Creates an ingest. It records what is published.
 *
 * @param createShared Creates the shared state: in memory by default.
 */
export function createTestIngest(
  createShared: (clock: Clock) => Pick<SharedState, "store" | "log" | "lease"> = createTestState,
) {
  const clock = createManualClock(NOW);
  const shared = createShared(clock);
  const { store, log } = shared;
  const lease = shared.lease("news");
  const hub = createTestHub(log);
  const seenItems = new Map<string, readonly SeenItem[]>();
  const state = { isBroken: false, feedPublication: Promise.resolve() };

  function createIsolate() {
    const archive = createArticleArchive({ clock, store, sources: ["bbc", "cnbc"] });
    const repository = createArticleRepository({
      clock,
      log,
      store,
      archive,
      fence: lease.fence,
      maxPerSource: MAX_PER_SOURCE,
      maxEventBytes: 65_536,
      logger: { warn: () => {} },
      hub: {
        ...hub,
        async updateAndPublish(topic, inputs, options) {
          if (state.isBroken) throw new Error("the store is unavailable");
          if (options.fence) await state.feedPublication;
          return await hub.updateAndPublish(topic, inputs, options);
        },
      },
    });
    const ingest = createArticleIngest({
      clock,
      store,
      repository,
      maxPerSource: MAX_PER_SOURCE,
      findSymbols: ({ title }) => title.includes("Gold") ? ["XAU-USD"] : [],
    });
    return { archive, repository, ingest };
  }
  let isolate = createIsolate();

  async function poll(source: string, ...items: readonly FeedItem[]): Promise<string[]> {
    await lease.claim();
    const { length } = hub.published;
    const feed = { source, sourceName: source, symbols: [], isSimulated: false };
    const result = await isolate.ingest.ingest(feed, items, seenItems.get(source) ?? []);
    seenItems.set(source, result.seenItems);
    return hub.published.slice(length).map(({ type, data }) => `${type}: ${titleOf(data)}`);
  }

  return {
    clock,
    state,
    /** Creates another isolate's ingest on the same log and store. */
    createIsolate,
    ingest: () => isolate.ingest,
    /** Replaces the ingest by another isolate's, on the same log and store. */
    restart(): void {
      isolate = createIsolate();
    },
    seenItems: (source: string): readonly SeenItem[] => seenItems.get(source) ?? [],
    forgetSeenItems(): void {
      seenItems.clear();
    },
    /** Polls a feed. @returns The type and title of each event that was published. */
    poll,
    /** Polls a feed that has shown an older item before, so that no item is one of its first document. */
    async pollAgain(source: string, ...items: readonly FeedItem[]): Promise<string[]> {
      if (!seenItems.has(source)) await poll(source, item(`${source}-0`));
      return await poll(source, ...items);
    },
    /** The events that were published so far. */
    published: hub.published,
    /** Returns the articles of the archive and the log, newest first. */
    async articles(): Promise<readonly Article[]> {
      const { events } = await log.latest(newsTopic, Infinity);
      return mergeWithArchive(events, await isolate.archive.load());
    },
  };
}

function titleOf(data: unknown): string {
  return data !== null && typeof data === "object" && "title" in data ? String(data.title) : "";
}
