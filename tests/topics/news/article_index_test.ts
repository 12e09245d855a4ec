import { assertEquals } from "@std/assert";
import { ArticleIndex } from "../../../lib/topics/news/article_index.ts";
import { article } from "./support.ts";

const added = (id: string, title = id) => ({
  type: "article",
  json: JSON.stringify(article(id, { title })),
  tags: [],
});

const retracted = (id: string) => ({
  type: "article.retracted",
  json: JSON.stringify({ id }),
  tags: [],
});

Deno.test("ArticleIndex has each article of the events in its latest version", () => {
  const index = new ArticleIndex([added("a"), added("b"), added("a", "B"), retracted("b")]);
  assertEquals([index.get("a")?.title, index.get("b")], ["B", undefined]);
  assertEquals([index.isRetracted("a"), index.isRetracted("b")], [false, true]);
});

Deno.test("ArticleIndex.apply() adds no retracted article again", () => {
  const index = new ArticleIndex([retracted("a"), added("a")]);
  assertEquals(index.get("a"), undefined);
});

Deno.test("ArticleIndex.copy() leaves the original unchanged when the copy changes", () => {
  const index = new ArticleIndex([added("a")]);
  const copy = index.copy();
  copy.apply(added("b"));
  copy.apply(retracted("a"));
  assertEquals([index.get("a")?.id, index.get("b")], ["a", undefined]);
  assertEquals([copy.get("a"), copy.get("b")?.id], [undefined, "b"]);
});

Deno.test("ArticleIndex.apply() evicts the oldest of more than 2,000 retractions", () => {
  const index = new ArticleIndex(Array.from({ length: 2001 }, (_, n) => retracted(`a${n}`)));
  assertEquals([index.isRetracted("a0"), index.isRetracted("a1")], [false, true]);
});
