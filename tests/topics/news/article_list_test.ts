import { assertEquals, assertStrictEquals } from "@std/assert";
import { newestFirst, toArticleList } from "../../../lib/topics/news/article_list.ts";
import { article } from "./support.ts";

const event = (type: string, data: unknown) => ({ type, json: JSON.stringify(data), tags: [] });

const EVENTS = [
  event("article", article("a")),
  event("article", article("b", {}, "cnbc")),
  event("article", article("c")),
  event("article.updated", article("a", { title: "A, corrected" }, "bbc", "cnbc")),
  event("article.retracted", { id: "c" }),
  event("article.updated", article("c", { title: "C, too late" })),
];

Deno.test("toArticleList() has each article once, in its latest version, at its first place, without retracted ones", () => {
  const { articles, retracted } = toArticleList(EVENTS);
  assertEquals(articles.map(({ title }) => title), ["A, corrected", "B"]);
  assertEquals(retracted, ["c"]);
});

Deno.test("toArticleList() parses an event once, however often it is listed", () => {
  const [first, again] = [toArticleList(EVENTS), toArticleList(EVENTS)];
  assertStrictEquals(first.articles[0], again.articles[0]);
});

Deno.test("newestFirst() sorts by the publication time, which is never later than the first sight", () => {
  const at = (id: string, seen: string, published: string | null) => ({
    rankAt: null,
    article: article(id, {
      first_seen_at: `2026-10-05T${seen}:00.000Z`,
      published_at: published && `2026-10-05T${published}:00.000Z`,
    }),
  });
  const articles = [
    at("a", "15:00", "09:00"),
    at("b", "15:00", "14:00"),
    at("c", "15:00", null),
    at("d", "15:01", "15:09"),
    at("e", "15:02", "14:00"),
  ];
  assertEquals(newestFirst(articles).map(({ id }) => id), ["d", "c", "e", "b", "a"]);
});
