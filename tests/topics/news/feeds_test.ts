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

Deno.test("the guide has the terms of every built-in feed", async () => {
  const guide = await Deno.readTextFile(new URL("../../../lib/docs/news.md", import.meta.url));
  const rows = guide.split("\n").filter((line) => /^\| `\w+`/.test(line));
  assertEquals(rows.length, BUILT_IN_FEEDS.length);
  BUILT_IN_FEEDS.forEach(({ name, url }, index) => {
    const [source, feed = "", commercialUse, terms = ""] = rows[index]?.split(" | ") ?? [];
    assertEquals(source?.trim(), `| \`${name}\``);
    assert(feed.includes(`(${url})`), url);
    assert(commercialUse?.trim(), name);
    assert(terms.includes("](https://"), name);
  });
});

/** Names the feeds of some URLs. */
const namesOf = (...urls: string[]) =>
  new Map(configuredFeeds(urls.map((url) => ({ url }))).map(({ url, name }) => [url, name]));

Deno.test("configuredFeeds() names feeds as built in, or after their host", () => {
  assertEquals(configuredFeeds(undefined), BUILT_IN_FEEDS);
  const guardian = "https://www.theguardian.com/business/rss";
  const urls = [guardian, "https://feeds.News.example/a", "https://[2606:4700::1111]/feed"];
  assertEquals([...namesOf(...urls).values()], ["guardian", "news.example", "2606-4700-1111"]);
  assertEquals(configuredFeeds([{ url: guardian }])[0]?.title, "The Guardian");
});

Deno.test("configuredFeeds() names the feeds of one host after their paths, in any order", () => {
  const urls = [
    ...["https://www.news.example/a", "https://news.example/b?x=1", "https://news.example/"],
    ...["https://news.example/é", "https://news.example/e-acute/", "https://feeds.news.example/a"],
  ];
  const names = namesOf(...urls);
  assertEquals(names.get("https://news.example/b?x=1"), "news.example-b");
  assertEquals(new Set(names.values()).size, urls.length);
  assertEquals(new Map([...namesOf(...urls.toReversed())].toReversed()), names);
  for (const name of names.values()) assert(SourceName.safeParse(name).success, name);
});

Deno.test("configuredFeeds() names no feed after its query, which may contain a key", () => {
  const urls = ["gold", "silver"].map((topic) =>
    `https://news.example/rss?key=s3cr3t&topic=${topic}`
  );
  const names = [...namesOf(...urls, "https://news.example/").values()];
  assertEquals(new Set(names).size, 3);
  assertEquals(names.filter((name) => name.includes("s3cr3t") || name.includes("gold")), []);
});

Deno.test("configuredFeeds() has a URL once, however it is written", () => {
  const urls = ["https://a.example/rss", "https://A.example:443/rss", "https://a.example/x/../rss"];
  assertEquals(configuredFeeds(urls.map((url) => ({ url }))).map(({ name, url }) => [name, url]), [
    ["a.example", "https://a.example/rss"],
  ]);
});

Deno.test("configuredFeeds() takes sources, names and symbols of the settings, and never gives a chosen source to another feed", () => {
  const feeds = configuredFeeds([
    { url: "https://www.theguardian.com/business/rss" },
    { url: "https://a.example/1" },
    { url: "https://b.example/", source: "guardian", name: "Ours", symbols: ["WTI"] },
    { url: "https://c.example/", source: "a.example" },
  ]);
  assertEquals(feeds.map(({ name }) => name), [
    ...["theguardian.com", "a.example-1", "guardian", "a.example"],
  ]);
  assertEquals(feeds.map(({ title }) => title), [
    ...["The Guardian", "a.example-1", "Ours", "a.example"],
  ]);
  assertEquals(feeds[2]?.symbols, ["WTI"]);
});
