import { assertEquals, assertMatch } from "@std/assert";
import {
  initialFeedState,
  loadFeedState,
  saveFeedState,
} from "../../../lib/topics/news/feed_state.ts";
import type { FeedItem } from "../../../lib/topics/news/parse/item.ts";
import { saveSeenItems } from "../../../lib/topics/news/seen_items.ts";
import { startDatabase } from "../../store/redis/support.ts";
import { redisTest } from "../../support/programs.ts";
import { createTestIngest, item } from "./support.ts";

const FEED = { name: "bbc", title: "BBC", url: "https://bbc.example/rss" };

redisTest("a poll of a feed costs as many commands as the guide says", async () => {
  await using database = await startDatabase();
  const { store, log, lease } = database.isolate();
  const held = lease("news");
  await held.claim();
  const leader = { ...held, claim: () => Promise.resolve({ isHeld: true } as const) };
  const test = createTestIngest(() => ({ store, log, lease: () => leader }));
  const document = (count: number) => Array.from({ length: count }, (_, n) => item(n));

  /** Polls the feed as the scheduler does. */
  async function poll(items: readonly FeedItem[]): Promise<void> {
    const state = await loadFeedState(store, FEED);
    const before = JSON.stringify(test.seenItems("bbc"));
    await test.poll("bbc", ...items);
    const seenItems = test.seenItems("bbc");
    if (JSON.stringify(seenItems) !== before) await saveSeenItems(store, FEED, seenItems);
    await saveFeedState(store, FEED, { ...state, ...initialFeedState(FEED) });
  }
  await poll(document(3));
  const costs: Record<string, number> = {
    "nothing new": await database.cost(() => poll(document(3))),
    "one new article": await database.cost(() => poll(document(4))),
    "fifty": await database.cost(() => poll(document(54))),
  };
  const guide = await Deno.readTextFile(new URL("../../../lib/docs/news.md", import.meta.url));
  const [sentence = ""] = /A poll of a feed costs[^.]*\./.exec(guide) ?? [];
  assertMatch(sentence, /commands/);
  for (const [name, cost] of Object.entries(costs)) {
    const stated = new RegExp(`(\\d+)(?: commands)? with ${name}`).exec(
      sentence.replaceAll(/\s+/g, " "),
    );
    assertEquals([name, Number(stated?.[1])], [name, cost]);
  }
});
