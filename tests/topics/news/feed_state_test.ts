import { assertEquals } from "@std/assert";
import {
  findSeenItem,
  initialFeedState,
  loadFeedState,
  mergeSeenItems,
  saveFeedState,
} from "../../../lib/topics/news/feed_state.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { createTestStore } from "./support.ts";

const FEED = { name: "example", title: "Example", url: "https://feeds.example.com/rss" };

Deno.test("loadFeedState() loads what saveFeedState() saved, for the same URL and of a valid shape only", async () => {
  const store = createTestStore(createManualClock());
  const seen_items = [{ keys: ["k"], id: "a", version: "1" }];
  const state = { ...initialFeedState(FEED), etag: '"1"', polled_at: 1, seen_items };
  await saveFeedState(store, FEED, state);
  assertEquals(await loadFeedState(store, FEED), state);
  const other = { ...FEED, url: "https://other.example.com/rss" };
  assertEquals(await loadFeedState(store, other), initialFeedState(other));
  const broken = { get: () => Promise.resolve(`{"url":1}`) };
  assertEquals(await loadFeedState(broken, FEED), initialFeedState(FEED));
});

Deno.test("mergeSeenItems() has the document's items, then earlier ones, each once, at most 200", () => {
  const seen = (n: number, version = "1") => ({ keys: [`k${n}`], id: `a${n}`, version });
  const earlier = Array.from({ length: 200 }, (_, n) => seen(n));
  const merged = mergeSeenItems([seen(7, "2"), seen(300)], earlier);
  assertEquals(merged.length, 200);
  assertEquals(findSeenItem(merged, ["k7"]), seen(7, "2"));
  assertEquals(merged.filter(({ id }) => id === "a7").length, 1);
  assertEquals([findSeenItem(merged, ["k198"])?.id, findSeenItem(merged, ["k199"])], [
    "a198",
    null,
  ]);
});

Deno.test("loadFeedState() reads the seen items that an older version stored as traces", async () => {
  const seen_items = [{ keys: ["guid 1"], id: "a", version: "v" }];
  const { seen_items: _, ...old } = initialFeedState(FEED);
  const stored = JSON.stringify({ ...old, traces: seen_items });
  const store = { get: () => Promise.resolve(stored) };
  assertEquals((await loadFeedState(store, FEED)).seen_items, seen_items);
});
