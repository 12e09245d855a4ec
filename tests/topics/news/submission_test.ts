import { assertEquals } from "@std/assert";
import { Correction, PostedArticle } from "../../../lib/topics/news/submission.ts";

const POST = { title: "Gold slides", url: "https://desk.example/1", source: "desk" };

const BAD: readonly (readonly [changes: Readonly<Record<string, unknown>>, field: string])[] = [
  [{ title: "" }, "title"],
  [{ title: "<p></p>" }, "title"],
  [{ title: "x".repeat(1201) }, "title"],
  [{ url: "javascript:alert(1)" }, "url"],
  [{ url: "/relative" }, "url"],
  [{ source: "a,b" }, "source"],
  [{ source: "" }, "source"],
  [{ summary: "x".repeat(4001) }, "summary"],
  [{ published_at: "yesterday" }, "published_at"],
  [{ symbols: ["gold"] }, "symbols.0"],
  [{ guid: "" }, "guid"],
  [{ sources: [] }, ""],
];

for (const [changes, field] of BAD) {
  Deno.test(`PostedArticle refuses ${JSON.stringify(changes).slice(0, 60)} and names "${field}"`, () => {
    const { error } = PostedArticle.safeParse({ ...POST, ...changes });
    assertEquals(error?.issues.map(({ path }) => path.join(".")), [field]);
  });
}

Deno.test("PostedArticle accepts the required fields, and all fields", () => {
  const all = { summary: "", published_at: null, symbols: ["XAU-USD"], guid: "1" };
  assertEquals(PostedArticle.safeParse(POST).success, true);
  assertEquals(PostedArticle.safeParse({ ...POST, ...all }).success, true);
});

Deno.test("Correction accepts one field or more, and no unknown field", () => {
  assertEquals(Correction.safeParse({ title: "x" }).success, true);
  assertEquals(Correction.safeParse({}).success, false);
  assertEquals(Correction.safeParse({ source: "x" }).success, false);
});
