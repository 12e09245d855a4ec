import { assertEquals } from "@std/assert";
import { newsTopic } from "../../../lib/topics/news/topic.ts";
import { article } from "./support.ts";

Deno.test("newsTopic takes articles, updates and retractions in their shapes, and no others", () => {
  const { kind, access, events } = newsTopic;
  assertEquals([kind, access], ["log", "public"]);
  const isValid = (type: string, data: unknown) => events[type]?.safeParse(data).success;
  assertEquals(isValid("article", article("a")), true);
  assertEquals(isValid("article.updated", article("a", { sources: [] })), false);
  assertEquals(isValid("article.retracted", { id: "a" }), true);
  assertEquals(Object.keys(events), ["article", "article.updated", "article.retracted"]);
});
