import { assertEquals } from "@std/assert";
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
