import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { canonicalUrl, comparableUrl } from "../../../../lib/topics/news/parse/canonical_url.ts";
import { anyCharacter } from "../../../support/any_character.ts";

const LINKS: Readonly<Record<string, string | null>> = {
  "https://news.example/a/1?utm_source=rss&utm_medium=feed": "https://news.example/a/1",
  " HTTPS://News.Example:443/A#comments ": "https://news.example/A#comments",
  "https://live.example/day#/news/1": "https://live.example/day#/news/1",
  "https://live.example/day#xtor=RSS-1": "https://live.example/day",
  "https://live.example/day#p2&utm_source=rss": "https://live.example/day#p2",
  "https://live.example/day#p2:~:text=Gold": "https://live.example/day#p2",
  "https://wsj.example/a?mod=rss_1": "https://wsj.example/a",
  "https://bbc.example/a?at_medium=RSS&at_campaign=KARANGA": "https://bbc.example/a",
  "https://shop.example/view?pk_article=77&at_home=1&ns_id=2":
    "https://shop.example/view?pk_article=77&at_home=1&ns_id=2",
  "https://shop.example/view?ref=77": "https://shop.example/view?ref=77",
  "http://news.example:80/": "http://news.example/",
  "https://a.example/?a=1&b=2": "https://a.example/?a=1&b=2",
  "https://a.example/?b=2&UTM_Campaign=x&a=%2F+1&fbclid=y&&%75tm_x=1":
    "https://a.example/?b=2&a=%2F+1",
  "https://a.example/??a": "https://a.example/??a",
  "https://a.example/?%=1&gclid": "https://a.example/?%=1",
  "https://user:secret@a.example/": "https://a.example/",
  "/press/1": "https://base.example/press/1",
  "//cdn.example/x": "https://cdn.example/x",
  "javascript:alert(1)": null,
  "data:text/html,x": null,
  "file:///etc/passwd": null,
  "https://": null,
  "https://a.example:99999/": null,
  [`https://a.example/${"x".repeat(2048)}`]: null,
};

for (const [text, link] of Object.entries(LINKS)) {
  Deno.test(`canonicalUrl() makes ${link} of ${text.slice(0, 80)}`, () => {
    assertEquals(canonicalUrl(text, "https://base.example/feed"), link);
  });
}

Deno.test("canonicalUrl() never throws, returns http(s) URLs only, and leaves canonical URLs as they are", () => {
  const texts = fc.oneof(
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.string({ unit: anyCharacter }),
    fc.string({ unit: fc.constantFrom(..."htps:/[]@?&=#%.a1\\ ") }),
  );
  fc.assert(fc.property(texts, (text) => {
    const link = canonicalUrl(text);
    if (link === null) return;
    assert(/^https?:\/\//.test(link), link);
    assertEquals(canonicalUrl(link), link);
  }));
});

Deno.test("comparableUrl() is equal for links to one article", () => {
  const key = comparableUrl("https://news.example/a?x=1&y=2");
  for (
    const link of [
      "http://news.example/a?x=1&y=2",
      "https://www.news.example/a?x=1&y=2",
      "https://news.example/a/?y=2&x=1",
    ]
  ) assertEquals(comparableUrl(link), key);
  for (
    const link of [
      "https://news.example/A?x=1&y=2",
      "https://m.news.example/a?x=1&y=2",
      "https://news.example/a?x=1",
      "https://news.example/a?x=1&y=2?",
      "https://news.example/a?x=1&y=2#p2",
    ]
  ) assert(comparableUrl(link) !== key, link);
});
