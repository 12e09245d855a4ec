import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { Problem } from "../../lib/core/problem.ts";
import { defineTopic } from "../../lib/core/topic.ts";
import { createTopicRegistry, type TopicFamily } from "../../lib/topics/registry.ts";

const events = { note: z.unknown() };
const notes = defineTopic({ name: "notes", metricKind: "notes", kind: "log", events });

const jobs: TopicFamily = {
  name: "jobs",
  types: ["step"],
  topic: (id) => /^[a-z]+$/.test(id) ? { ...notes, name: `jobs/${id}` } : null,
  resolve: (id, { owns }) =>
    Promise.resolve(id === "a" && owns("ann") ? { ...notes, name: "jobs/1" } : null),
};

function createRegistry() {
  const registry = createTopicRegistry();
  registry.register(notes);
  registry.registerFamily(jobs);
  return registry;
}

Deno.test("topic() finds a topic by its whole name, and a family's by prefix and member", () => {
  const registry = createRegistry();
  assertStrictEquals(registry.topic("notes"), notes);
  assertEquals(registry.topic("jobs/a").name, "jobs/a");
});

Deno.test("topic() refuses an unknown name with a problem that names it, cut short", () => {
  const registry = createRegistry();
  const unknown = [
    "notes/a",
    "jobs",
    "jobs/",
    "jobs/A",
    "jobs/a/b",
    "notes ",
    "Notes",
    "__proto__",
  ];
  for (const name of [...unknown, "", "/", 'a"\n', "x".repeat(999)]) {
    const { status, code, message } = assertThrows(() => registry.topic(name), Problem);
    assertEquals([status, code], [404, "unknown_topic"]);
    assertEquals(message, `There is no topic ${JSON.stringify(name.slice(0, 80))}.`);
  }
});

Deno.test("resolve() reads the topic that a family's member is for the caller, and returns any other as it is", async () => {
  const registry = createRegistry();
  const resolveAs = (user: string, name: string) =>
    registry.resolve(registry.topic(name), { owner: user, owns: (owner) => owner === user });
  assertEquals((await resolveAs("ann", "jobs/a"))?.name, "jobs/1");
  assertEquals([await resolveAs("bob", "jobs/a"), await resolveAs("ann", "jobs/b")], [null, null]);
  assertStrictEquals(await resolveAs("ann", "notes"), notes);
});

Deno.test("the registry lists kinds and event types of what is registered", () => {
  const registry = createRegistry();
  assertEquals(registry.metricKinds(), ["notes", "jobs"]);
  assert(registry.hasType("note") && registry.hasType("step") && !registry.hasType("other"));
});

Deno.test("a name is registered once", () => {
  const registry = createRegistry();
  assertThrows(() => registry.register(notes), TypeError, '"notes"');
  assertThrows(() => registry.registerFamily({ ...jobs, name: "notes" }), TypeError, '"notes"');
});
