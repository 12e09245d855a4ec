/** The road from the log into an isolate, when something on it breaks. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Batch } from "../../lib/core/event.ts";
import { messageOf } from "../../lib/core/log.ts";
import { createIntake } from "../../lib/hub/intake.ts";
import { createHubUnderTest } from "./support.ts";

function batch(n: number): Batch {
  const event = { id: `1-${n}`, topic: "alerts", prev: null, type: "alert", key: "", tags: [] };
  return [{ ...event, json: String(n) }];
}

/** An intake of a log that hands on `batches`, and all it was told. */
function createIntakeUnderTest(
  log: { follow: () => ReadableStream<Batch>; head?: () => Promise<string> },
) {
  const told: string[] = [];
  const intake = createIntake({
    ...createHubUnderTest().log,
    head: () => Promise.resolve("1-0"),
    ...log,
  }, {
    store: (_, events) => void told.push(`stored ${events[0]?.id}`),
    receive(events) {
      if (events[0]?.id === "1-1") throw new Error("a reader broke");
      told.push(`received ${events[0]?.id}`);
    },
    onFault: (thrown) => void told.push(`fault: ${messageOf(thrown)}`),
  });
  return { intake, told };
}

Deno.test("createIntake() goes on after an event that somebody could not take", async () => {
  const { intake, told } = createIntakeUnderTest({
    follow: () => ReadableStream.from([batch(1), batch(1), batch(2)]),
  });
  await intake.begin();
  await intake.reached("1-2");
  assertEquals(told, ["stored 1-1", "fault: a reader broke", "stored 1-2", "received 1-2"]);
  assertEquals(intake.head(), "1-2");
  await intake.end();
});

Deno.test("createIntake() tells when the log breaks off", async () => {
  const broken = Promise.withResolvers<void>();
  const { intake, told } = createIntakeUnderTest({
    follow: () =>
      new ReadableStream({
        async pull(controller) {
          controller.error(new Error("the log is away"));
          await Promise.resolve();
          broken.resolve();
        },
      }),
  });
  await intake.begin();
  await broken.promise;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(told, ["fault: the log is away"]);
  await intake.end();
});

Deno.test("createIntake() begins again where it could not", async () => {
  let isAway = true;
  const { intake } = createIntakeUnderTest({
    follow: () => new ReadableStream(),
    head: () => isAway ? Promise.reject(new Error("away")) : Promise.resolve("1-7"),
  });
  await assertRejects(() => intake.begin(), Error, "away");
  isAway = false;
  await intake.begin();
  assertEquals(intake.head(), "1-7");
  await intake.end();
});
