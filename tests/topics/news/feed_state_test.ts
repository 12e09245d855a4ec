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

Deno.test("loadFeedState() gives a state of an earlier version the counts of a feed without a document", async () => {
  const { url, etag, last_modified, ttl_ms, failures, state, reason, polled_at, next_poll_at } =
    initialFeedState(FEED);
  const stored = {
    ...{ url, etag, last_modified, ttl_ms, failures, state, reason, polled_at, next_poll_at },
    seen_items: [],
  };
  const store = { get: () => Promise.resolve(JSON.stringify(stored)) };
  assertEquals(await loadFeedState(store, FEED), initialFeedState(FEED));
});
