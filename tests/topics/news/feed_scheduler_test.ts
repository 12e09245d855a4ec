import { assertEquals } from "@std/assert";
import { createHub } from "../../../lib/hub/hub.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import { createNewsService } from "../../../lib/topics/news/news_service.ts";
import { createNetwork } from "../../upstream/support.ts";
import { createTestState, RETAIN_MS, rss } from "./support.ts";

const POLL_MS = 60_000;

/** Creates news of one feed with a subscriber, on a store that may be unavailable. */
async function createPolledFeed() {
  const outside = createNetwork(() => new Response(rss("")));
  const { clock, runtime } = outside;
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
    streamMaxAgeMs: 86_400_000,
    retryMs: 3000,
    coalesceMs: 20,
    maxEventBytes: 65_536,
  });
  const feeds = [{ name: "a", title: "A", url: "https://a.example.com/" }];
  const options = { feeds, pollMs: POLL_MS, retainMs: RETAIN_MS, isSimulated: false };
  const news = createNewsService(runtime, options, hub, { ...shared, store });
  hub.keepOpen(news.topic, 86_400_000);
  await clock.advance(0);
  return {
    clock,
    state,
    polls: () => outside.calls.length,
    [Symbol.asyncDispose]: () => hub.close(),
  };
}

Deno.test("feedScheduler polls no feed while the store is unavailable, and every feed afterwards", async () => {
  await using feed = await createPolledFeed();
  assertEquals(feed.polls(), 1);
  feed.state.isUnavailable = true;
  await feed.clock.advance(10 * POLL_MS);
  assertEquals(feed.polls(), 1);
  feed.state.isUnavailable = false;
  await feed.clock.advance(POLL_MS);
  assertEquals(feed.polls(), 2);
});

for (const shiftMs of [-86_400_000, -3_600_000, 3_600_000]) {
  Deno.test(`feedScheduler keeps a feed's interval when the wall clock is shifted by ${shiftMs} ms`, async () => {
    await using feed = await createPolledFeed();
    await feed.clock.advance(POLL_MS / 2);
    feed.clock.shiftWallClock(shiftMs);
    await feed.clock.advance(POLL_MS / 2 - 1);
    assertEquals(feed.polls(), 1);
    await feed.clock.advance(1);
    assertEquals(feed.polls(), 2);
    await feed.clock.advance(POLL_MS);
    assertEquals(feed.polls(), 3);
  });
}
