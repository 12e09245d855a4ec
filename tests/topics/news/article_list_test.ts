import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Article } from "../../../lib/topics/news/article.ts";
import { newestFirst, toArticleList } from "../../../lib/topics/news/article_list.ts";
import { newsTopic } from "../../../lib/topics/news/topic.ts";

function article(id: string, title: string, ...sources: readonly string[]): Article {
  const url = `https://news.example/${id}`;
  return {
    id,
    title,
    summary: "",
    url,
    sources: sources.map((source) => ({ source, name: source, url })),
    published_at: null,
    first_seen_at: "2026-10-05T15:00:00.000Z",
    updated_at: null,
    symbols: [],
    simulated: false,
  };
}

const event = (type: string, data: unknown) => ({ type, json: JSON.stringify(data) });

const EVENTS = [
  event("article", article("a", "A", "bbc")),
  event("article", article("b", "B", "cnbc")),
  event("article", article("c", "C", "bbc")),
  event("article.updated", article("a", "A, corrected", "bbc", "cnbc")),
  event("article.retracted", { id: "c" }),
  event("article.updated", article("c", "C, too late", "bbc")),
];

Deno.test("newsOf() has each article once, as it is now, where it came first, and none that was taken back", () => {
  const { articles, retracted } = toArticleList(EVENTS);
  assertEquals(articles.map(({ title }) => title), ["A, corrected", "B"]);
  assertEquals(retracted, ["c"]);
});

Deno.test("newsOf() reads an event once, however often it is listed", () => {
  const [first, again] = [toArticleList(EVENTS), toArticleList(EVENTS)];
  assertStrictEquals(first.articles[0], again.articles[0]);
});

Deno.test("newestFirst() sorts by what sources say, never later than we saw it", () => {
  const at = (id: string, seen: string, published: string | null) => ({
    ...article(id, id, "bbc"),
    first_seen_at: `2026-10-05T${seen}:00.000Z`,
    published_at: published && `2026-10-05T${published}:00.000Z`,
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

Deno.test("newsTopic() takes articles, updates and retractions of the contract's shapes", () => {
  const { kind, access, events } = newsTopic();
  assertEquals([kind, access], ["log", "public"]);
  const takes = (type: string, data: unknown) => events[type]?.safeParse(data).success;
  assertEquals(takes("article", article("a", "A", "bbc")), true);
  assertEquals(takes("article.updated", article("a", "A")), false);
  assertEquals(takes("article.retracted", { id: "a" }), true);
  assertEquals(Object.keys(events), ["article", "article.updated", "article.retracted"]);
});
