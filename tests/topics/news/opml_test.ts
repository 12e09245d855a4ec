import { assertEquals } from "@std/assert";
import { readConfig } from "../../../lib/core/config.ts";
import { importOpml } from "../../../lib/topics/news/opml.ts";

Deno.test("importOpml() reads feeds in folders, each URL once, and names those it cannot take", () => {
  const { feeds, refused } = importOpml(`<?xml version="1.0"?>
    <opml version="2.0"><head><title>x</title></head><body>
      <outline text="Banks">
        <outline type="rss" text="Fed &amp; Co" xmlUrl="http://fed.example/rss?a=1&amp;b=2"/>
        <outline type="rss" title="Fed &amp; Co" xmlUrl="feed://other.example/rss"/>
        <outline type="rss" text="again" XMLURL="https://fed.example/rss?a=1&amp;b=2"/>
      </outline>
      <outline text="日銀" xmlUrl="https://boj.example/"/>
      <outline text="ftp" xmlUrl="ftp://old.example/rss"/>
    </body></opml>`);
  assertEquals(feeds, [
    { url: "https://fed.example/rss?a=1&b=2", source: "fed-co", name: "Fed & Co" },
    { url: "https://other.example/rss", name: "Fed & Co" },
    { url: "https://boj.example/", name: "日銀" },
  ]);
  assertEquals(refused, ["ftp://old.example/rss"]);
});

Deno.test("importOpml() gives NEWS_FEEDS only what it takes", () => {
  const long = `https://long.example/${"x".repeat(2048)}`;
  const name = `${"y".repeat(98)}😀😀`;
  const { feeds, refused } = importOpml(`<opml><body>
    <outline text="Zürich 'A'&#10;B" xmlUrl="https://zh.example/rss?a=1,2&amp;k=s"/>
    <outline text="long" xmlUrl="${long}"/>
    <outline text="user" xmlUrl="https://u:p@x.example/"/>
    <outline text="path" xmlUrl="/rss"/>
    <outline text="${name}" xmlUrl=" https://b.example/a b "/>
    <outline title="" xmlUrl="https://untitled.example/"/>
  </body></opml>`);
  assertEquals(refused, [long, "https://u:p@x.example/", "/rss"]);
  assertEquals(readConfig({ NEWS_FEEDS: JSON.stringify(feeds) }).NEWS_FEEDS, feeds);
  assertEquals(feeds.map(({ source, name }) => ({ source, name })), [
    { source: "zurich-a-b", name: "Zürich 'A' B" },
    { source: "y".repeat(64), name: `${"y".repeat(98)}…` },
    { source: undefined, name: undefined },
  ]);
});
