import { assertEquals, assertRejects } from "@std/assert";
import { createSerial } from "../../lib/core/serial.ts";

/** Creates tasks that record when they start and end, and end on request. */
function createTasks() {
  const notes: string[] = [];
  return {
    notes,
    task(name: string) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      return {
        resolve: () => resolve(name),
        reject: () => reject(new Error(name)),
        async run() {
          notes.push(`${name} starts`);
          await promise.finally(() => notes.push(`${name} ends`));
          return name;
        },
      };
    },
  };
}

Deno.test("serial() runs tasks one after another, in the order of the calls", async () => {
  const { notes, task } = createTasks();
  const serial = createSerial();
  const [first, second] = [task("first"), task("second")];
  const results = [serial(first.run), serial(second.run)];
  second.resolve();
  await Promise.resolve();
  assertEquals(notes, ["first starts"]);
  first.resolve();
  assertEquals(await Promise.all(results), ["first", "second"]);
  assertEquals(notes, ["first starts", "first ends", "second starts", "second ends"]);
});

Deno.test("serial() runs the next task after one that rejects, and rejects for its caller only", async () => {
  const { task } = createTasks();
  const serial = createSerial();
  const [broken, next] = [task("broken"), task("next")];
  const results = [serial(broken.run), serial(next.run)] as const;
  broken.reject();
  next.resolve();
  await assertRejects(() => results[0], Error, "broken");
  assertEquals(await results[1], "next");
});

Deno.test("serial() runs tasks of different keys concurrently", async () => {
  const { notes, task } = createTasks();
  const serial = createSerial();
  const [first, second, other] = [task("first"), task("second"), task("other")];
  const results = [
    serial(first.run, "a"),
    serial(second.run, "a"),
    serial(other.run, "b"),
  ];
  await Promise.resolve();
  assertEquals(notes, ["first starts", "other starts"]);
  for (const started of [other, first, second]) started.resolve();
  await Promise.all(results);
  assertEquals(notes.filter((note) => !note.startsWith("other")), [
    "first starts",
    "first ends",
    "second starts",
    "second ends",
  ]);
});

Deno.test("serial() starts a task that is added when all others have settled", async () => {
  const { notes, task } = createTasks();
  const serial = createSerial();
  const [first, second] = [task("first"), task("second")];
  first.resolve();
  second.resolve();
  await serial(first.run);
  await serial(second.run);
  assertEquals(notes.at(-1), "second ends");
});
