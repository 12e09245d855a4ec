import { assert, assertEquals } from "@std/assert";
import { SourceName } from "../../../lib/topics/news/article.ts";
import { BUILT_IN_FEEDS, configuredFeeds } from "../../../lib/topics/news/feeds.ts";

Deno.test("BUILT_IN_FEEDS have unique names that filters accept, and https URLs", () => {
  assertEquals(new Set(BUILT_IN_FEEDS.map(({ name }) => name)).size, BUILT_IN_FEEDS.length);
  for (const { name, url } of BUILT_IN_FEEDS) {
    assert(SourceName.safeParse(name).success, name);
    assertEquals(URL.parse(url)?.protocol, "https:");
  }
});

Deno.test("configuredFeeds() names feeds as built in, or after their host", () => {
  assertEquals(configuredFeeds(undefined), BUILT_IN_FEEDS);
  const feeds = configuredFeeds([
    "https://www.theguardian.com/business/rss",
    "https://feeds.News.example/a",
    "https://feeds.News.example/a",
    "https://www.news.example/b",
    "https://[2606:4700::1111]/feed",
  ]);
  assertEquals(feeds.map(({ name }) => name), [
    ...["guardian", "news.example", "news.example-2", "2606-4700-1111-"],
  ]);
  assertEquals(feeds[0]?.title, "The Guardian");
  for (const { name } of feeds) assert(SourceName.safeParse(name).success, name);
});
