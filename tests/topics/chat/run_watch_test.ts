import { assertEquals } from "@std/assert";
import { watchRun } from "../../../lib/topics/chat/run_watch.ts";
import { createManualClock } from "../../support/manual_clock.ts";

function createTest(check: () => Promise<number | null>) {
  const clock = createManualClock();
  const sets: number[] = [];
  const runtime = { clock, random: () => 0, log: { debug() {}, info() {}, warn() {}, error() {} } };
  const store = { set: () => Promise.resolve(void sets.push(clock.elapsed())) };
  return { clock, sets, stop: watchRun({ runtime, store, orphanMs: 60_000, check }, "run-1") };
}

Deno.test("watchRun() checks when a check is due, and after a failure", async () => {
  let checks = 0;
  const test = createTest(() => {
    checks++;
    return checks === 2 ? Promise.reject(new Error("away")) : Promise.resolve(20_000);
  });
  await test.clock.advance(0);
  assertEquals(checks, 1);
  await test.clock.advance(20_000);
  assertEquals(checks, 2);
  await test.clock.advance(5000);
  assertEquals(checks, 3);
  test.stop();
  assertEquals(test.clock.timers, 0);
});

Deno.test("watchRun() announces readers twice per orphan time, until the run has ended", async () => {
  let hasEnded = false;
  const test = createTest(() => Promise.resolve(hasEnded ? null : 20_000));
  await test.clock.advance(90_000);
  assertEquals(test.sets.length, 4);
  hasEnded = true;
  await test.clock.advance(200_000);
  assertEquals([test.sets.length, test.clock.timers], [4, 0]);
});

Deno.test("watchRun() that is stopped during a check leaves no timer", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const test = createTest(() => promise);
  await test.clock.advance(0);
  test.stop();
  resolve(1000);
  await test.clock.advance(0);
  assertEquals(test.clock.timers, 0);
});
