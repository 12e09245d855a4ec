/** The road from the log into an isolate, when something on it breaks. */
import { assertEquals } from "@std/assert";
import { messageOf } from "../../lib/core/logger.ts";
import type { LogMessage } from "../../lib/core/event.ts";
import { createIntake } from "../../lib/hub/log_consumer.ts";
import { createManualClock } from "../support/manual_clock.ts";

function joined(head: string, epoch = "1-0"): LogMessage {
  return { kind: "joined", epoch, head };
}

function published(n: number): LogMessage {
  const event = { id: `1-${n}`, topic: "alerts", prevId: null, type: "alert", key: "", tags: [] };
  return { kind: "published", events: [{ ...event, json: String(n) }], retracted: [] };
}

/** An intake of a log that gives `deliveries`, and all it was told. */
function createIntakeUnderTest(follow: () => ReadableStream<LogMessage>, isAway = () => false) {
  const told: string[] = [];
  const clock = createManualClock();
  const intake = createIntake({ clock, log: { subscribe: follow }, isAway }, {
    store: (events) => void told.push(`stored ${events[0]?.id}`),
    receive(events) {
      if (events[0]?.id === "1-1") throw new Error("a reader broke");
      told.push(`received ${events[0]?.id}`);
    },
    reset: (head) => void told.push(`reset to ${head}`),
    join: ({ epoch }, before) => void told.push(`joined ${epoch} after ${before?.head}`),
    onFault: (thrown) => void told.push(`fault: ${messageOf(thrown)}`),
  });
  return { intake, told, clock };
}

/** A log that says so much, and then nothing more. */
function saying(...deliveries: LogMessage[]): () => ReadableStream<LogMessage> {
  return () =>
    new ReadableStream({
      start: (controller) => deliveries.forEach((each) => controller.enqueue(each)),
    });
}

Deno.test("createIntake() goes on after an event that somebody could not take", async () => {
  const { intake, told } = createIntakeUnderTest(
    saying(joined("1-0"), published(1), published(1), published(2)),
  );
  assertEquals(await intake.begin(), true);
  await intake.reached("1-2");
  assertEquals(told, [
    "reset to 1-0",
    "joined 1-0 after undefined",
    "stored 1-1",
    "fault: a reader broke",
    "stored 1-2",
    "received 1-2",
  ]);
  assertEquals(intake.head(), "1-2");
  await intake.end();
});

Deno.test("createIntake() says where it stood when what it is given does not follow", async () => {
  const { intake, told } = createIntakeUnderTest(
    saying(joined("1-0"), published(2), joined("1-7"), joined("1-9", "1-8")),
  );
  await intake.begin();
  await intake.reached("1-9");
  assertEquals(told.slice(4), [
    "reset to 1-7",
    "joined 1-0 after 1-2",
    "reset to 1-9",
    "joined 1-8 after 1-7",
  ]);
  await intake.end();
  assertEquals([intake.epoch(), intake.head()], [null, "0-0"]);
});

Deno.test("createIntake() tells when the log breaks off, and begins again when it is asked to", async () => {
  let isBroken = true;
  const { intake, told, clock } = createIntakeUnderTest(() => {
    if (!isBroken) return saying(joined("1-7"))();
    return new ReadableStream({ pull: (it) => it.error(new Error("the log broke")) });
  });
  const begun = intake.begin();
  await clock.advance(1000);
  assertEquals([await begun, told], [false, ["fault: the log broke"]]);
  isBroken = false;
  assertEquals([await intake.begin(), intake.head()], [true, "1-7"]);
  await intake.end();
});

Deno.test("createIntake() does not wait for a log that is known to be away, nor long for one that is silent", async () => {
  const away = createIntakeUnderTest(saying(), () => true);
  assertEquals(await away.intake.begin(), false);
  const silent = createIntakeUnderTest(saying());
  const begun = silent.intake.begin();
  await silent.clock.advance(1000);
  assertEquals(await begun, false);
  await Promise.all([away.intake.end(), silent.intake.end()]);
});
