import { assertEquals } from "@std/assert";
import type { Article } from "../../../lib/topics/news/article.ts";
import { newsOf } from "../../../lib/topics/news/list.ts";
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
  const { articles, retracted } = newsOf(EVENTS);
  assertEquals(articles.map(({ title }) => title), ["A, corrected", "B"]);
  assertEquals(retracted, ["c"]);
});

Deno.test("newsOf() lets an article pass by any of its sources", () => {
  const titles = (source: string) =>
    newsOf(EVENTS, new Set([source])).articles.map(({ title }) => title);
  assertEquals(titles("cnbc"), ["A, corrected", "B"]);
  assertEquals(titles("bbc"), ["A, corrected"]);
  assertEquals(titles("fed"), []);
});

Deno.test("newsTopic() takes articles, updates and retractions of the contract's shapes", () => {
  const { kind, isPrivate, events } = newsTopic();
  assertEquals([kind, isPrivate], ["log", false]);
  const takes = (type: string, data: unknown) => events[type]?.safeParse(data).success;
  assertEquals(takes("article", article("a", "A", "bbc")), true);
  assertEquals(takes("article.updated", article("a", "A")), false);
  assertEquals(takes("article.retracted", { id: "a" }), true);
  assertEquals(Object.keys(events), ["article", "article.updated", "article.retracted"]);
});
