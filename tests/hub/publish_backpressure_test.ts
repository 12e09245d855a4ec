/** Backpressure: publishers that are faster than the clients wait. */
import { assertEquals } from "@std/assert";
import { FlushScheduler } from "../../lib/hub/flush_scheduler.ts";
import { encodeEvent } from "../../lib/wire/sse.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { alerts, createClient, createHubUnderTest, numbered, onBoth } from "./support.ts";

/** Returns whether a promise is pending once everything that does not need the clock has run. */
async function isWaiting(work: void | Promise<unknown>): Promise<boolean> {
  let isOver = work === undefined;
  void work?.then(() => isOver = true);
  for (let turn = 0; turn < 100; turn++) await null;
  return !isOver;
}

const EVENT = encodeEvent({
  id: "1-1",
  topic: "alerts",
  type: "alert",
  key: "",
  tags: [],
  json: "1",
  prevId: null,
});
const SIZE = EVENT.bytes.byteLength;

// Either bound lets two events wait.
for (const [maxEvents, maxBytes] of [[4, 1e6], [1e6, 4 * SIZE]] as const) {
  Deno.test(`FlushScheduler lets publishers wait while more than half of ${maxEvents} events or ${maxBytes} bytes is pending, for a second at most`, async () => {
    const clock = createManualClock();
    const scheduler = new FlushScheduler(clock, 20, { maxEvents, maxBytes }, () => {});
    for (let n = 0; n < 2; n++) scheduler.count(EVENT);
    assertEquals(scheduler.waitForRoom(), undefined);

    for (let n = 0; n < 2; n++) scheduler.count(EVENT);
    const [first, second] = [scheduler.waitForRoom(), scheduler.waitForRoom()];
    scheduler.continue([EVENT]);
    assertEquals([await isWaiting(first), await isWaiting(second)], [true, true]);
    scheduler.continue([EVENT]);
    assertEquals([await isWaiting(first), await isWaiting(second)], [false, false]);

    scheduler.count(EVENT);
    const third = scheduler.waitForRoom();
    await clock.advance(999);
    assertEquals(await isWaiting(third), true);
    await clock.advance(1);
    assertEquals(await isWaiting(third), false);
    const fourth = scheduler.waitForRoom();
    scheduler.settle();
    assertEquals(await isWaiting(fourth), false);
  });
}

// The first flush takes a piece of 16 KiB, and more than half a window is left: of 8 events, or of 1 MiB.
for (const [retainEvents, count, size] of [[8, 8, 5000], [1000, 110, 5000]] as const) {
  Deno.test(`hub.publish() of ${count} events waits while more than half a window of ${retainEvents} is pending`, async () => {
    await using test = createHubUnderTest({ retainEvents });
    const { hub, clock } = test;
    await using client = createClient(await hub.subscribe({ filters: onBoth })).live();
    await clock.advance(20);
    const large = [...Array(count).keys()].map((n) => numbered("alert", n, "x".repeat(size)));
    const publishing = hub.publish(alerts, large);
    assertEquals(await isWaiting(publishing), true);
    await clock.advance(0);
    assertEquals(await isWaiting(publishing), false);
    await clock.advance(100);
    assertEquals(client.said("alert").length, count);
  });
}
