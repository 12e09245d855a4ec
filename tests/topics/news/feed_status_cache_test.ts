import { assertEquals } from "@std/assert";
import {
  type FeedState,
  initialFeedState,
  saveFeedState,
} from "../../../lib/topics/news/feed_state.ts";
import { createFeedStatusCache } from "../../../lib/topics/news/feed_status_cache.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { createTestStore } from "./support.ts";

const FEED = { name: "example", title: "Example", url: "https://feeds.example.com/rss" };

function createTestCache() {
  const clock = createManualClock();
  const store = createTestStore(clock);
  const cache = createFeedStatusCache(clock, [FEED], store);
  const stateOf = (state: FeedState["state"]): FeedState => ({
    ...initialFeedState(FEED),
    state,
    polled_at: clock.now(),
  });
  return {
    clock,
    put: (state: FeedState["state"]) => cache.put(FEED, stateOf(state)),
    /** Another isolate polls the feed. */
    save: (state: FeedState["state"]) => saveFeedState(store, FEED, stateOf(state)),
    read: async () => (await cache.read()).map(({ state }) => state),
  };
}

Deno.test("feedStatusCache.read() looks up other isolates' results at most every 15 s", async () => {
  const { clock, save, read } = createTestCache();
  assertEquals(await read(), ["waiting"]);
  await save("ok");
  await clock.advance(14_999);
  assertEquals(await read(), ["waiting"]);
  await clock.advance(1);
  assertEquals(await read(), ["ok"]);
});

for (const shiftMs of [-3_600_000, 3_600_000]) {
  Deno.test(`feedStatusCache.read() keeps its interval when the wall clock is shifted by ${shiftMs} ms`, async () => {
    const { clock, save, read } = createTestCache();
    await save("ok");
    assertEquals(await read(), ["ok"]);
    clock.shiftWallClock(shiftMs);
    await save("broken");
    await clock.advance(14_999);
    assertEquals(await read(), ["ok"]);
    await clock.advance(1);
    assertEquals(await read(), ["broken"]);
  });
}

Deno.test("feedStatusCache.read() prefers a put() to the look-up that it overtook", async () => {
  const { put, save, read } = createTestCache();
  await save("broken");
  const first = read();
  put("ok");
  assertEquals(await first, ["ok"]);
});
