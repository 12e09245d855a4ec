import { assertEquals } from "@std/assert";
import { createArticleIndex } from "../../../lib/topics/news/article_index.ts";
import { findSeenItem, mergeSeenItems } from "../../../lib/topics/news/seen_items.ts";

function article(id: string, title = "A") {
  const url = `https://news.example/${id}`;
  return {
    type: "article",
    json: JSON.stringify({
      id,
      title,
      summary: "",
      url,
      sources: [{ source: "bbc", name: "BBC", url }],
      published_at: null,
      first_seen_at: "2026-10-05T15:00:00.000Z",
      updated_at: null,
      symbols: [],
      simulated: false,
    }),
  };
}

const retracted = (id: string) => ({ type: "article.retracted", json: JSON.stringify({ id }) });

Deno.test("createShelf() has what the log's events tell, each article as it is now", () => {
  const shelf = createArticleIndex([article("a"), article("b"), article("a", "B"), retracted("b")]);
  assertEquals([shelf.article("a")?.title, shelf.article("b")], ["B", undefined]);
  assertEquals([shelf.isRetracted("a"), shelf.isRetracted("b")], [false, true]);
});

Deno.test("shelf.apply() puts nothing back that was taken back", () => {
  const shelf = createArticleIndex([retracted("a"), article("a")]);
  assertEquals(shelf.article("a"), undefined);
});

Deno.test("shelf.copy() is another shelf", () => {
  const shelf = createArticleIndex([article("a")]);
  const copy = shelf.copy();
  copy.apply(article("b"));
  copy.apply(retracted("a"));
  assertEquals([shelf.article("a")?.id, shelf.article("b")], ["a", undefined]);
  assertEquals([copy.article("a"), copy.article("b")?.id], [undefined, "b"]);
});

Deno.test("shelf.apply() lets the oldest retractions go where there are too many", () => {
  const shelf = createArticleIndex(Array.from({ length: 2001 }, (_, n) => retracted(`a${n}`)));
  assertEquals([shelf.isRetracted("a0"), shelf.isRetracted("a1")], [false, true]);
});

Deno.test("nextTraces() has what was met last, then what was met before, each once, at most 200", () => {
  const trace = (n: number, version = "1") => ({ keys: [`k${n}`], id: `a${n}`, version });
  const older = Array.from({ length: 200 }, (_, n) => trace(n));
  const next = mergeSeenItems([trace(7, "2"), trace(300)], older);
  assertEquals(next.length, 200);
  assertEquals(findSeenItem(next, ["k7"]), trace(7, "2"));
  assertEquals(next.filter(({ id }) => id === "a7").length, 1);
  assertEquals([findSeenItem(next, ["k198"])?.id, findSeenItem(next, ["k199"])], ["a198", null]);
});
