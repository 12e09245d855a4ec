import { assertEquals } from "@std/assert";
import {
  loadSeenItems,
  mergeSeenItems,
  saveSeenItems,
  type SeenItem,
} from "../../../lib/topics/news/seen_items.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { createTestStore } from "./support.ts";

const FEED = { name: "example", title: "Example", url: "https://feeds.example.com/rss" };

function seen(id: string): SeenItem {
  return { guid: id, link: null, title: id, at: null, edition: id, id, editions: [id] };
}

Deno.test("loadSeenItems() loads what saveSeenItems() saved, for the same URL and of a valid shape only", async () => {
  const store = createTestStore(createManualClock());
  await saveSeenItems(store, FEED, [seen("a"), seen("b")]);
  assertEquals(await loadSeenItems(store, FEED), [seen("a"), seen("b")]);
  assertEquals(await loadSeenItems(store, { ...FEED, url: "https://other.example/rss" }), []);
  for (const stored of [`[{"id":"a"}]`, "{"]) {
    assertEquals(await loadSeenItems({ get: () => Promise.resolve(stored) }, FEED), []);
  }
});

Deno.test("mergeSeenItems() has all items of the document, then the latest 200 of earlier ones", () => {
  const former = Array.from({ length: 300 }, (_, n) => seen(`former-${n}`));
  const document = Array.from({ length: 300 }, (_, n) => seen(`item-${n}`));
  const merged = mergeSeenItems(document, former);
  assertEquals(merged.map(({ id }) => id), [
    ...document.map(({ id }) => id),
    ...former.slice(0, 200).map(({ id }) => id),
  ]);
});
