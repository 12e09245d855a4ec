import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { z } from "zod";
import { defineTopic, isEventType, type Topic } from "../../lib/core/topic.ts";

const RESERVED = "sync gap snapshot heartbeat bye busy auth error open message".split(" ");

Deno.test("isEventType() accepts plain words", () => {
  for (const name of ["quote", "article.updated", "a-b_c", "X1", "a".repeat(64)]) {
    assert(isEventType(name), name);
  }
});

Deno.test("isEventType() refuses reserved names, and anything but one plain word", () => {
  for (const name of [...RESERVED, "", "a b", "a\nb", "a\n", "a:b", "é", "a".repeat(65)]) {
    assertFalse(isEventType(name), JSON.stringify(name));
  }
});

Deno.test("defineTopic() defines a public topic of the metric kind other, unless its fields say otherwise", () => {
  const topic = { name: "news", kind: "log", events: { article: z.string() } } as const;
  assertEquals(defineTopic(topic), { ...topic, access: "public", metricKind: "other" });
  const restricted: Topic = { ...topic, access: "private", metricKind: "news" };
  assertEquals(defineTopic(restricted), restricted);
});

Deno.test("defineTopic() refuses a reserved event type, and names the topic and the type", () => {
  const error = assertThrows(
    () => defineTopic({ name: "news", kind: "log", events: { article: z.any(), gap: z.any() } }),
    TypeError,
    '"gap"',
  );
  assert(error.message.includes('"news"'));
});
