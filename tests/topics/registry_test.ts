import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { Problem } from "../../lib/core/problem.ts";
import { defineTopic } from "../../lib/core/topic.ts";
import { createTopicRegistry } from "../../lib/topics/registry.ts";

const topic = defineTopic({ name: "events/a", kind: "log", events: { note: z.unknown() } });

Deno.test("createCatalogue() finds a topic by its whole name", () => {
  assertStrictEquals(createTopicRegistry([topic]).topic("events/a"), topic);
});

Deno.test("createCatalogue() refuses a name it does not have by naming it, cut short", () => {
  const registry = createTopicRegistry([topic]);
  for (
    const name of ["events", "events/a ", "Events/a", "__proto__", "", 'a"\n', "x".repeat(999)]
  ) {
    const { status, code, message } = assertThrows(() => registry.topic(name), Problem);
    assertEquals([status, code], [404, "unknown_topic"]);
    assertEquals(message, `There is no topic ${JSON.stringify(name.slice(0, 80))}.`);
  }
});
