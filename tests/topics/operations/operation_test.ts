/** The state machine of operations. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { DAY_MS } from "../../../lib/core/time.ts";
import {
  applyOperationTime,
  cancelOperation,
  newOperation,
  nextOperationChangeAt,
  operationEvent,
  operationPollDelayS,
  OperationRecord,
  type OperationReport,
  operationView,
  reportOperation,
} from "../../../lib/topics/operations/operation.ts";
import { assertRefused, stepOrNull } from "../steps.ts";

const START = 1_700_000_000_000;
const TTL_S = 300;
const TTL_MS = TTL_S * 1000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const pendingOperation = () =>
  newOperation({ kind: "export", owner: "ann", ttlS: TTL_S }, "x", START);

const isTerminal = (record: OperationRecord) => nextOperationChangeAt(record) === null;

function after(record: OperationRecord, ms: number, report: OperationReport): OperationRecord {
  return reportOperation(record, report, START + ms);
}

Deno.test("newOperation() is pending and expires after its TTL", () => {
  assertEquals(pendingOperation().operation, {
    id: "x",
    kind: "export",
    owner: "ann",
    state: "pending",
    progress: null,
    message: null,
    eta_s: null,
    result: null,
    error: null,
    created_at: iso(0),
    updated_at: iso(0),
    expires_at: iso(TTL_MS),
  });
});

Deno.test("reportOperation() changes the fields of the report, and is a heartbeat", () => {
  const first = after(pendingOperation(), 1000, { progress: 0.25, message: "reading", eta_s: 30 });
  assertEquals([first.operation.state, first.operation.expires_at], [
    "running",
    iso(1000 + TTL_MS),
  ]);
  const twice = after(first, 2000, { eta_s: null });
  const { state, progress, message, eta_s, updated_at } = twice.operation;
  assertEquals([state, progress, message, eta_s, updated_at], [
    "running",
    0.25,
    "reading",
    null,
    iso(2000),
  ]);
  assertEquals(after(twice, 3000, {}).operation.expires_at, iso(3000 + TTL_MS));
});

Deno.test("reportOperation() leaves an operation pending without progress", () => {
  assertEquals(
    after(pendingOperation(), 0, { message: "third in line" }).operation.state,
    "pending",
  );
});

Deno.test("a completed operation has progress 1 and no estimate", () => {
  const running = after(pendingOperation(), 0, { progress: 0.5, eta_s: 9 });
  const { operation } = after(running, 1, { state: "completed", result: { rows: 3 } });
  assertEquals([operation.progress, operation.eta_s, operation.result], [1, null, { rows: 3 }]);
  assertEquals(after(running, 1, { state: "failed", error: "no" }).operation.progress, 0.5);
});

Deno.test("reportOperation() refuses the transition from running to pending", () => {
  const running = after(pendingOperation(), 0, { state: "running" });
  assertRefused(() => reportOperation(running, { state: "pending" }, START), "bad_transition");
});

Deno.test("an operation stalls after half of its TTL, once, until a heartbeat", () => {
  const running = after(pendingOperation(), 0, { progress: 0.5, message: "copying", eta_s: 60 });
  assertEquals(nextOperationChangeAt(running), START + TTL_MS / 2);
  assertEquals(applyOperationTime(running, START + TTL_MS / 2 - 1), running);
  const stalled = applyOperationTime(running, START + TTL_MS / 2);
  assertEquals(operationEvent(stalled).type, "progress");
  assertEquals(operationView(stalled), {
    ...running.operation,
    message: `No heartbeat since ${iso(0)}. It expires at ${iso(TTL_MS)}.`,
    eta_s: null,
  });
  assertEquals(applyOperationTime(stalled, START + TTL_MS - 1), stalled);
  const revived = operationView(after(stalled, 200_000, { progress: 0.6 }));
  assertEquals([revived.message, revived.eta_s, revived.expires_at], [
    "copying",
    60,
    iso(200_000 + TTL_MS),
  ]);
});

Deno.test("applyOperationTime() expires an operation, however late", () => {
  for (const delayMs of [0, 1, DAY_MS]) {
    const { operation } = applyOperationTime(pendingOperation(), START + TTL_MS + delayMs);
    assertEquals([operation.state, operation.updated_at], ["expired", iso(TTL_MS + delayMs)]);
    assertEquals(operation.message, "Expired: no heartbeat for 300 s.");
  }
});

Deno.test("cancelOperation() ends an operation, and does not change a cancelled one", () => {
  const end = cancelOperation(after(pendingOperation(), 0, { progress: 0.1 }), START + 5);
  assertEquals([end.operation.state, nextOperationChangeAt(end)], ["cancelled", null]);
  assertEquals(cancelOperation(end, START + 9), end);
  assertRefused(
    () => cancelOperation(after(pendingOperation(), 0, { state: "failed" }), START),
    "operation_over",
  );
});

Deno.test("operationPollDelayS() is a quarter of the estimate, else half of the time since the heartbeat, within 1 to 15 s, and 0 at the end", () => {
  const delays = (record: OperationRecord, ...seconds: number[]) =>
    seconds.map((s) => operationPollDelayS(record, START + s * 1000));
  assertEquals(delays(pendingOperation(), 0, 1, 10, 60, 298, 299.5), [1, 1, 5, 15, 2, 1]);
  assertEquals(delays(after(pendingOperation(), 0, { eta_s: 20 }), 0, 100), [5, 5]);
  assertEquals(delays(after(pendingOperation(), 0, { state: "completed" }), 0, 1000), [0, 0]);
});

Deno.test("an operation ends once, in any order of reports, cancellations and time", () => {
  const state = fc.constantFrom("pending", "running", "completed", "failed", "cancelled");
  const report = fc.record({ state, progress: fc.double({ min: 0, max: 1, noNaN: true }) }, {
    requiredKeys: [],
  });
  const step = fc.oneof(
    report.map((report) => (record: OperationRecord, now: number) =>
      reportOperation(record, report, now)
    ),
    fc.constant(cancelOperation),
    fc.constant(applyOperationTime),
  );
  const steps = fc.array(fc.tuple(fc.nat(400_000), step), { maxLength: 12 });
  fc.assert(fc.property(steps, (takenSteps) => {
    let [record, now, ends] = [pendingOperation(), START, 0];
    for (const [ms, take] of takenSteps) {
      now += ms;
      const next = stepOrNull(() => take(record, now));
      if (next === null || next === record) continue;
      assert(!isTerminal(record), "a step was taken after the end");
      assert(next.operation.state !== "pending" || record.operation.state === "pending");
      if (isTerminal(next)) ends++;
      record = next;
    }
    assertEquals(ends, isTerminal(record) ? 1 : 0);
    assertEquals(isTerminal(applyOperationTime(record, now + TTL_MS)), true);
  }));
});

Deno.test("OperationRecord accepts a stored record", () => {
  const { operation } = pendingOperation();
  const stored = { operation, ttlS: TTL_S, isStalled: true };
  assertEquals(OperationRecord.parse(JSON.parse(JSON.stringify(stored))), stored);
});
