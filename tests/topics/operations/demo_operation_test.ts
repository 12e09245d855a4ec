/** Rehearsals: what they say, and that they stop. */
import { assertEquals } from "@std/assert";
import { createLogger } from "../../../lib/core/logger.ts";
import {
  begun,
  cancelled,
  type Kept,
  type Refusal,
  reported,
} from "../../../lib/topics/operations/operation.ts";
import { rehearse } from "../../../lib/topics/operations/demo_operation.ts";
import { createManualClock } from "../../support/manual_clock.ts";

/** Longer than one takes. */
const WHOLE_MS = 30_000;

/** A rehearsal over one operation in memory. @param onReport Runs before each report, which it may reject. */
async function startRehearsal(onReport: () => void = () => {}) {
  const clock = createManualClock();
  const lines: string[] = [];
  const said: number[] = [];
  let kept: Kept | Refusal = "over";
  const change = (next: Kept | Refusal) => {
    if (typeof next === "object") kept = next;
    return Promise.resolve(next);
  };
  await rehearse({
    clock,
    log: createLogger("info", clock, (line) => lines.push(line)),
    operations: {
      async create(beginning) {
        const fresh = begun({ ...beginning, id: "x" }, clock.now());
        await change(fresh);
        return fresh;
      },
      async report(_, report) {
        onReport();
        if (typeof kept !== "object") return kept;
        const next = reported(kept, report, clock.now());
        if (typeof next === "object") said.push(next.operation.progress ?? -1);
        return await change(next);
      },
    },
  });
  return {
    clock,
    lines,
    said,
    state: () => typeof kept === "object" ? kept.operation.state : kept,
    cancel: () => typeof kept === "object" && change(cancelled(kept, clock.now())),
  };
}

Deno.test("rehearse() gets further with every report, and completes", async () => {
  const { clock, said, state } = await startRehearsal();
  await clock.advance(WHOLE_MS);
  assertEquals(said, [...said].sort((a, b) => a - b));
  assertEquals([said.at(0), said.at(-1), state(), clock.timers], [0, 1, "completed", 0]);
});

Deno.test("rehearse() stops where somebody else has ended it", async () => {
  const { clock, cancel, said, state } = await startRehearsal();
  await clock.advance(1000);
  await cancel();
  await clock.advance(WHOLE_MS);
  assertEquals([said, state(), clock.timers], [[0], "cancelled", 0]);
});

Deno.test("rehearse() says that it stopped where a report is lost", async () => {
  const { clock, lines } = await startRehearsal(() => {
    throw new Error("The store is away");
  });
  await clock.advance(WHOLE_MS);
  assertEquals([lines.length, clock.timers], [1, 0]);
  assertEquals(lines[0]?.includes("The store is away"), true);
});
