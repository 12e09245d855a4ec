import { assertEquals } from "@std/assert";
import {
  initialFeedState,
  loadFeedState,
  saveFeedState,
} from "../../../lib/topics/news/feed_state.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { createTestStore } from "./support.ts";

const FEED = { name: "example", title: "Example", url: "https://feeds.example.com/rss" };

Deno.test("loadFeedState() loads what saveFeedState() saved, for the same URL and of a valid shape only", async () => {
  const store = createTestStore(createManualClock());
  const state = { ...initialFeedState(FEED), etag: '"1"', polled_at: 1 };
  await saveFeedState(store, FEED, state);
  assertEquals(await loadFeedState(store, FEED), state);
  const other = { ...FEED, url: "https://other.example.com/rss" };
  assertEquals(await loadFeedState(store, other), initialFeedState(other));
  const broken = { get: () => Promise.resolve(`{"url":1}`) };
  assertEquals(await loadFeedState(broken, FEED), initialFeedState(FEED));
});
