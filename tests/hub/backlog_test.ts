/** Publishing faster than can be handed out. */
import { assertEquals } from "@std/assert";
import { createBacklog } from "../../lib/hub/backlog.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { alerts, createClient, createHubUnderTest, numbered, onAlerts } from "./support.ts";

/** Whether it still waits, when all that can go on without the clock has gone on. */
async function isWaiting(work: void | Promise<unknown>): Promise<boolean> {
  let isOver = work === undefined;
  void work?.then(() => isOver = true);
  for (let turn = 0; turn < 100; turn++) await null;
  return !isOver;
}

Deno.test("createBacklog() has those wait who come when it is full, until there is room, or a second", async () => {
  const clock = createManualClock();
  const backlog = createBacklog(clock, 2);
  backlog.count = 2;
  assertEquals(backlog.room(), undefined);

  backlog.count = 3;
  const [first, second] = [backlog.room(), backlog.room()];
  backlog.settle();
  assertEquals([await isWaiting(first), await isWaiting(second)], [true, true]);
  backlog.count = 2;
  backlog.settle();
  assertEquals([await isWaiting(first), await isWaiting(second)], [false, false]);

  backlog.count = 3;
  const third = backlog.room();
  await clock.advance(999);
  assertEquals(await isWaiting(third), true);
  await clock.advance(1);
  assertEquals(await isWaiting(third), false);
});

Deno.test("hub.publish() waits while more than half a window is to be handed out", async () => {
  await using test = createHubUnderTest({ retainEvents: 8 });
  const { hub, clock } = test;
  await using client = createClient(await hub.subscribe({ wishes: onAlerts })).live();
  await clock.advance(20);
  // Three of them are a piece: the first goes at once, and five are left.
  const large = [...Array(8).keys()].map((n) => numbered("alert", n, "x".repeat(5000)));
  const publishing = hub.publish(alerts, large);
  assertEquals(await isWaiting(publishing), true);
  await clock.advance(0);
  assertEquals(await isWaiting(publishing), false);
  await clock.advance(100);
  assertEquals(client.said("alert").length, 8);
});
