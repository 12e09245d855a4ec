import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Clock, systemClock } from "../../lib/core/clock.ts";
import { createManualClock } from "../support/manual_clock.ts";

/** Both clocks, each with a function that advances it. The manual clock must behave as the real one does. */
function clocks(): [
  string,
  () => { clock: Clock; advance(ms: number): Promise<void> } & Disposable,
][] {
  return [
    ["systemClock", () => {
      const time = new FakeTime(1000);
      return {
        clock: systemClock,
        advance: (ms) => time.tickAsync(ms),
        [Symbol.dispose]: () => time.restore(),
      };
    }],
    ["createManualClock()", () => {
      const clock = createManualClock(1000);
      return { clock, advance: (ms) => clock.advance(ms), [Symbol.dispose]: () => {} };
    }],
  ];
}

for (const [name, begin] of clocks()) {
  Deno.test(`${name} runs tasks in order of time, and tasks of one time in the order in which they were set`, async () => {
    using timing = begin();
    const { clock, advance } = timing;
    const seen: string[] = [];
    const note = (name: string) => () => void seen.push(`${name} ${clock.now()}`);
    clock.after(20, note("late"));
    const stop = clock.every(10, note("every"));
    clock.after(10, note("early"));
    clock.after(5, () => void clock.after(1, note("nested")));
    await advance(25);
    assertEquals(seen, ["nested 1006", "every 1010", "early 1010", "late 1020", "every 1020"]);
    stop();
    await advance(100);
    assertEquals([seen.length, clock.now()], [5, 1125]);
  });

  Deno.test(`${name} cancels tasks that have not run, also from within a task`, async () => {
    using timing = begin();
    const { clock, advance } = timing;
    const seen: string[] = [];
    const stop = clock.every(10, () => {
      seen.push("every");
      callOff();
      stop();
    });
    const callOff = clock.after(10, () => void seen.push("after"));
    await advance(50);
    assertEquals(seen, ["every"]);
    callOff();
    stop();
  });
}

Deno.test("createManualClock() settles long promise chains and streams after each task", async () => {
  const clock = createManualClock();
  const seen: string[] = [];
  clock.after(1, async () => {
    for (let i = 0; i < 1000; i++) await Promise.resolve();
    let stream = ReadableStream.from(["a", "b"]);
    for (let i = 0; i < 20; i++) stream = stream.pipeThrough(new TransformStream());
    for await (const chunk of stream) seen.push(`${chunk} ${clock.now()}`);
    // Due immediately: it must not wait for the next advance.
    clock.after(0, () => void seen.push(`now ${clock.now()}`));
  });
  clock.after(2, () => void seen.push(`next ${clock.now()}`));
  await clock.advance(2);
  const t = 1_700_000_000_000;
  assertEquals(seen, [`a ${t + 1}`, `b ${t + 1}`, `now ${t + 1}`, `next ${t + 2}`]);
  assertEquals(clock.timers, 0);
});

Deno.test("createManualClock().shiftWallClock() moves now(), and neither elapsed() nor timers", async () => {
  const clock = createManualClock(1000);
  const [wall, monotonic] = [clock.now(), clock.elapsed()];
  let runs = 0;
  clock.after(10, () => runs++);
  clock.shiftWallClock(-600_000);
  assertEquals([clock.now() - wall, clock.elapsed() - monotonic], [-600_000, 0]);
  await clock.advance(10);
  assertEquals([clock.now() - wall, clock.elapsed() - monotonic, runs], [-599_990, 10, 1]);
});
