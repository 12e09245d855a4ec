/** Demo operations: their reports, and their end. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "../../../lib/core/logger.ts";
import { cancelOperation, type OperationRecord } from "../../../lib/topics/operations/operation.ts";
import { startDemoOperation } from "../../../lib/topics/operations/demo_operation.ts";
import { createManualClock } from "../../support/manual_clock.ts";

/** Longer than a demo operation takes. */
const WHOLE_MS = 30_000;

/** Starts a demo operation over one record in memory. @param onReport Runs before each report, and may throw. */
async function start(onReport: () => void = () => {}) {
  const clock = createManualClock();
  const lines: string[] = [];
  const progress: number[] = [];
  let record: OperationRecord | undefined;
  await startDemoOperation({
    clock,
    log: createLogger("info", clock, (line) => lines.push(line)),
    operations: {
      create(make) {
        record = make("x", clock.now());
        return Promise.resolve(record);
      },
      async report(_, transition) {
        onReport();
        assert(record);
        record = await transition(record, clock.now());
        progress.push(record.operation.progress ?? -1);
        return record;
      },
    },
  });
  return {
    clock,
    lines,
    progress,
    state: () => record?.operation.state,
    cancel() {
      assert(record);
      record = cancelOperation(record, clock.now());
    },
  };
}

Deno.test("a demo operation makes progress with every report, and completes", async () => {
  const { clock, progress, state } = await start();
  await clock.advance(WHOLE_MS);
  assertEquals(progress, progress.toSorted((a, b) => a - b));
  assertEquals([progress.at(0), progress.at(-1), state(), clock.timers], [0, 1, "completed", 0]);
});

Deno.test("a demo operation that was cancelled sends no more reports, and logs nothing", async () => {
  const { clock, cancel, progress, state, lines } = await start();
  await clock.advance(1000);
  cancel();
  await clock.advance(WHOLE_MS);
  assertEquals([progress, state(), clock.timers, lines], [[0], "cancelled", 0, []]);
});

Deno.test("a demo operation stops after a lost report, and logs it", async () => {
  const { clock, lines } = await start(() => {
    throw new Error("The store is unavailable");
  });
  await clock.advance(WHOLE_MS);
  assertEquals([lines.length, clock.timers], [1, 0]);
  assertEquals(lines[0]?.includes("The store is unavailable"), true);
});
