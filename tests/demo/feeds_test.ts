import { assert, assertEquals } from "@std/assert";
import { createSimulatedFeeds } from "../../lib/demo/feeds.ts";
import { STORY_INTERVAL_MS } from "../../lib/demo/stories.ts";
import { loadFeedState, saveFeedState } from "../../lib/topics/news/feed_state.ts";
import { toFeedStatus } from "../../lib/topics/news/feed_status.ts";
import { DEMO_FEEDS } from "../../lib/topics/news/feeds.ts";
import { pollFeed } from "../../lib/topics/news/poll.ts";
import { createTestIngest, createTestStore, NOW } from "../topics/news/support.ts";
import { createNetwork } from "../upstream/support.ts";

/** Creates an ingest of the demo's feeds. */
function createDemoNews() {
  const test = createTestIngest();
  const feeds = createSimulatedFeeds(NOW);
  const { runtime } = createNetwork(() => Promise.reject(new Error("The demo has no network")));
  const store = createTestStore(test.clock);
  const demo = {
    ...runtime,
    clock: test.clock,
    fetch: async (url: URL, { headers }: RequestInit) => {
      const feed = feeds.find(({ host }) => host === url.hostname);
      assert(feed, url.hostname);
      return await Promise.resolve(feed.respond(url, new Headers(headers), test.clock.now()));
    },
  };
  return {
    ...test,
    /** Polls all feeds once, and returns the published articles and corrections. */
    async poll(): Promise<string[]> {
      const published: string[] = [];
      for (const feed of DEMO_FEEDS) {
        const { items, state } = await pollFeed(
          demo,
          feed,
          await loadFeedState(store, feed),
          1000,
        );
        await saveFeedState(store, feed, state);
        if (items) published.push(...await test.poll(feed.name, ...items));
      }
      return published;
    },
    states: () =>
      Promise.all(
        DEMO_FEEDS.map(async (feed) => toFeedStatus(feed, await loadFeedState(store, feed)).state),
      ),
  };
}

Deno.test("createSimulatedFeeds() has a feed in every state", async () => {
  const news = createDemoNews();
  await news.poll();
  assertEquals(await news.states(), ["ok", "ok", "moved", "gone"]);
  await news.poll();
  assertEquals(await news.states(), ["unchanged", "unchanged", "moved", "gone"]);
});

Deno.test("createSimulatedFeeds() publishes new, corrected, repeated and malformed stories, each as one article", async () => {
  const news = createDemoNews();
  const published = await news.poll();
  for (let round = 0; round < 60; round++) {
    await news.clock.advance(5000);
    published.push(...await news.poll());
  }
  const count = (type: string) => published.filter((line) => line.startsWith(`${type}:`)).length;
  // The counts are exact, although many stories are repeated and some documents are truncated.
  const stories = 13 + Math.floor(60 * 5000 / STORY_INTERVAL_MS);
  const retold = Math.floor(stories / 8); // every eighth, by another outlet under its own link
  assertEquals(count("article"), stories + retold);
  assert(published.some((line) => line.endsWith("(corrected)")));
  const articles = await news.articles();
  assertEquals(new Set(articles.map(({ story }) => story)).size, stories);
  assert(articles.some(({ sources }) => sources.length === 2));
  assert(articles.some(({ published_at }) => published_at === null));
  for (const { title, url } of articles) {
    assert(!/<|&amp;/.test(title), title);
    assert(url.startsWith("https://"), url);
  }
});
