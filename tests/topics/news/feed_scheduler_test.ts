import { assertEquals } from "@std/assert";
import { DAY_MS, HOUR_MS } from "../../../lib/core/time.ts";
import { createHub } from "../../../lib/hub/hub.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import type { Feed } from "../../../lib/topics/news/feeds.ts";
import { createNewsService } from "../../../lib/topics/news/news_service.ts";
import { createNetwork } from "../../upstream/support.ts";
import { createTestState, RETAIN_MS, rss } from "./support.ts";

const POLL_MS = 60_000;
const FEED: Feed = { name: "a", title: "A", url: "https://a.example.com/" };

/** Creates news of feeds with a subscriber, on a store that may be unavailable. */
async function createPolledFeeds(
  feeds: readonly Feed[] = [FEED],
  documentOf = () => rss(""),
) {
  const network = createNetwork(() => new Response(documentOf()));
  const { clock, runtime } = network;
  const shared = createTestState(clock);
  const state = { isUnavailable: false };
  const store = {
    ...shared.store,
    get: (key: string) =>
      state.isUnavailable ? Promise.reject(new StoreUnavailable()) : shared.store.get(key),
  };
  const hub = createHub(runtime, shared, {
    retainEvents: 1000,
    retainMs: RETAIN_MS,
    heartbeatMs: 15_000,
    streamMaxAgeMs: DAY_MS,
    retryMs: 3000,
    coalesceMs: 20,
    maxEventBytes: 65_536,
  });
  const options = {
    ...{ feeds, pollMs: POLL_MS, isSimulated: false },
    ...{ maxPerSource: 40, maxEventBytes: 65_536 },
  };
  const news = createNewsService(runtime, options, hub, { ...shared, store });
  hub.keepOpen(news.topic, DAY_MS);
  await clock.advance(0);
  return {
    clock,
    news,
    state,
    polls: () => network.calls.length,
    [Symbol.asyncDispose]: () => hub.close(),
  };
}

Deno.test("feedScheduler polls no feed while the store is unavailable, and polls again afterwards", async () => {
  await using test = await createPolledFeeds();
  assertEquals(test.polls(), 1);
  test.state.isUnavailable = true;
  await test.clock.advance(10 * POLL_MS);
  assertEquals(test.polls(), 1);
  test.state.isUnavailable = false;
  await test.clock.advance(POLL_MS);
  assertEquals(test.polls(), 2);
});

Deno.test("feedScheduler without a feed makes no reader wait", async () => {
  await using test = await createPolledFeeds([]);
  let hasWaited = false;
  void test.news.watch().then(() => hasWaited = true);
  await test.clock.advance(0);
  assertEquals(hasWaited, true);
});

for (const shiftMs of [-DAY_MS, -HOUR_MS, HOUR_MS]) {
  Deno.test(`feedScheduler keeps a feed's interval when the wall clock is shifted by ${shiftMs} ms`, async () => {
    await using test = await createPolledFeeds();
    await test.clock.advance(POLL_MS / 2);
    test.clock.shiftWallClock(shiftMs);
    await test.clock.advance(POLL_MS / 2 - 1);
    assertEquals(test.polls(), 1);
    await test.clock.advance(1);
    assertEquals(test.polls(), 2);
    await test.clock.advance(POLL_MS);
    assertEquals(test.polls(), 3);
  });
}

Deno.test("feedScheduler reports the items that gave way to newer ones, and the time of the last new article", async () => {
  const itemOf = (n: number) =>
    `<item><title>Story ${n}</title><link>https://a.example.com/${n}</link>` +
    `<pubDate>${new Date(1_000_000_000_000 + n * 60_000).toUTCString()}</pubDate></item>`;
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  await using test = await createPolledFeeds([FEED], () => rss(numbers.map(itemOf).join("")));
  const read = async () => {
    const [status] = await test.news.feeds(null);
    return [status?.reason, status?.items, status?.cut, status?.last_article_at];
  };
  const newest = new Date(1_000_000_000_000 + 49 * 60_000).toISOString();
  assertEquals(await read(), ["10 of 50 items have given way to newer ones", 50, 10, newest]);
  await test.clock.advance(POLL_MS);
  assertEquals((await read())[3], newest);
  numbers.splice(0, 10, 60);
  await test.clock.advance(POLL_MS);
  assertEquals(await read(), [null, 41, 0, new Date(test.clock.now()).toISOString()]);
});
