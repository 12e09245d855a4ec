/** The consumer of the log, and its faults. */
import { assertEquals } from "@std/assert";
import { createLogger, messageOf } from "../../lib/core/logger.ts";
import { noMetrics } from "../../lib/core/metrics.ts";
import type { LogMessage } from "../../lib/core/event.ts";
import { LogConsumer } from "../../lib/hub/log_consumer.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { settings } from "./support.ts";

function joined(head: string, epoch = "1-0"): LogMessage {
  return { kind: "joined", epoch, head };
}

function published(n: number): LogMessage {
  const event = { id: `1-${n}`, topic: "alerts", prevId: null, type: "alert", key: "", tags: [] };
  return { kind: "published", events: [{ ...event, json: String(n) }], retracted: [] };
}

/** Creates a consumer of a log, and records what its listeners receive. */
function createConsumerUnderTest(subscribe: () => ReadableStream<LogMessage>, isUp = true) {
  const received: string[] = [];
  const clock = createManualClock();
  const state = createMemoryState({ clock, random: () => 0.5 }, settings());
  const health = { ...state.health, isUp, check: () => Promise.resolve(isUp) };
  const consumer = new LogConsumer({
    clock,
    random: () => 0.5,
    log: createLogger("error", clock, () => {}),
    metrics: noMetrics,
    state: { log: { ...state.log, subscribe }, health },
    options: settings(),
    onFault: (thrown) => void received.push(`fault: ${messageOf(thrown)}`),
  });
  consumer.listen({
    published(events, _, before) {
      received.push(`first ${events[0]?.id} after ${before}`);
      if (events[0]?.id === "1-1") throw new Error("a listener broke");
    },
    joined: ({ epoch, head }, before) =>
      void received.push(`joined ${epoch} at ${head} after ${before?.head}`),
  });
  consumer.listen({ published: (events) => void received.push(`second ${events[0]?.id}`) });
  return { consumer, received, clock };
}

/** Returns the `subscribe` of a log that delivers these messages, and then stays silent. */
function delivering(...messages: LogMessage[]): () => ReadableStream<LogMessage> {
  return () =>
    new ReadableStream({
      start: (controller) => messages.forEach((message) => controller.enqueue(message)),
    });
}

Deno.test("LogConsumer receives each event once, in order, and continues after a listener throws", async () => {
  const { consumer, received } = createConsumerUnderTest(
    delivering(joined("1-0"), published(1), published(1), published(2)),
  );
  assertEquals(await consumer.start(), true);
  await consumer.received("1-2");
  assertEquals(received, [
    "joined 1-0 at 1-0 after undefined",
    "first 1-1 after 1-0",
    "fault: a listener broke",
    "first 1-2 after 1-1",
    "second 1-2",
  ]);
  assertEquals(consumer.head, "1-2");
  await consumer.stop();
});

Deno.test("LogConsumer reports a jump in the log, and another log, to its listeners", async () => {
  const { consumer, received } = createConsumerUnderTest(
    delivering(joined("1-0"), published(2), joined("1-7"), joined("1-9", "1-8")),
  );
  await consumer.start();
  await consumer.received("1-9");
  assertEquals(received.slice(3), ["joined 1-0 at 1-7 after 1-2", "joined 1-8 at 1-9 after 1-7"]);
  await consumer.stop();
  assertEquals([consumer.epoch, consumer.head], [null, "0-0"]);
});

Deno.test("LogConsumer reports a log that breaks, and starts again on request", async () => {
  let isBroken = true;
  const { consumer, received, clock } = createConsumerUnderTest(() => {
    if (!isBroken) return delivering(joined("1-7"))();
    return new ReadableStream({ pull: (it) => it.error(new Error("the log broke")) });
  });
  const starting = consumer.start();
  await clock.advance(1000);
  assertEquals([await starting, received], [false, ["fault: the log broke"]]);
  isBroken = false;
  assertEquals([await consumer.start(), consumer.head], [true, "1-7"]);
  await consumer.stop();
});

Deno.test("LogConsumer does not wait for a log that is known to be down, and a second for one that is silent", async () => {
  const down = createConsumerUnderTest(delivering(), false);
  assertEquals(await down.consumer.start(), false);
  const silent = createConsumerUnderTest(delivering());
  const starting = silent.consumer.start();
  await silent.clock.advance(1000);
  assertEquals(await starting, false);
  await Promise.all([down.consumer.stop(), silent.consumer.stop()]);
});
