/** The state machine of tasks. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { DAY_MS } from "../../../lib/core/time.ts";
import {
  applyTaskTime,
  CLAIM_MS,
  claimTask,
  countTasks,
  hasEnded,
  newTask,
  nextTaskChangeAt,
  reportTask,
  taskExpiresAt,
  type TaskRecord,
  type TaskReport,
} from "../../../lib/topics/tasks/task.ts";
import { assertRefused, stepOrNull } from "../steps.ts";

const START = 1_700_000_000_000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const waitingTask = () => newTask({ sessionId: "s", owner: "ann" }, "t", START);

const isTerminal = ({ task }: TaskRecord) => hasEnded(task);

const claim = (record: TaskRecord, secret: string, ms: number) =>
  claimTask(record, secret, START + ms);
const report = (record: TaskRecord, ms: number, taskReport: TaskReport) =>
  reportTask(record, taskReport, START + ms);

Deno.test("newTask() is waiting, without a claim (S0-3)", () => {
  assertEquals(waitingTask(), {
    task: {
      task_id: "t",
      session_id: "s",
      owner: "ann",
      state: "waiting",
      attempts: 0,
      progress: null,
      result: null,
      error: null,
      created_at: iso(0),
      updated_at: iso(0),
    },
    claim: null,
  });
});

Deno.test("claimTask() gives a task to one worker for 30 s, and to no other", () => {
  const record = claim(waitingTask(), "a", 1000);
  assertEquals([record.task.state, record.task.attempts, nextTaskChangeAt(record)], [
    "claimed",
    1,
    START + 1000 + CLAIM_MS,
  ]);
  assertRefused(() => claim(record, "b", 2000), "task_claimed");
  assertEquals(claim(record, "a", 2000), record, "the worker repeats its claim");
});

Deno.test("reportTask() renews the claim for 30 s, even with an empty report (S0-3)", () => {
  const first = report(claim(waitingTask(), "a", 0), 20_000, { claim: "a" });
  assertEquals([first.task.state, nextTaskChangeAt(first)], [
    "running",
    START + 20_000 + CLAIM_MS,
  ]);
  const twice = report(first, 40_000, { claim: "a", progress: 0.5 });
  assertEquals([twice.task.progress, nextTaskChangeAt(twice)], [0.5, START + 40_000 + CLAIM_MS]);
  assertEquals(
    report(twice, 50_000, { claim: "a" }).task.progress,
    0.5,
    "an absent field keeps its value",
  );
});

Deno.test("reportTask() refuses a report without the current claim", () => {
  assertRefused(() => reportTask(waitingTask(), { claim: "" }, START), "claim_lost");
  const record = claim(waitingTask(), "a", 0);
  assertRefused(() => reportTask(record, { claim: "b" }, START), "claim_lost");
  const waitingAgain = applyTaskTime(record, START + CLAIM_MS);
  assertRefused(
    () => report(waitingAgain, CLAIM_MS, { claim: "a", state: "completed" }),
    "claim_lost",
  );
  const reclaimed = claim(waitingAgain, "b", CLAIM_MS + 1);
  assertRefused(() => report(reclaimed, CLAIM_MS + 2, { claim: "a" }), "claim_lost");
});

Deno.test("reportTask() ends a task, and every later step is refused (S0-4)", () => {
  const record = claim(waitingTask(), "a", 0);
  const completed = report(record, 1, { claim: "a", state: "completed", result: { rows: 3 } });
  assertEquals([
    completed.task.state,
    completed.task.progress,
    completed.task.result,
    completed.claim,
  ], [
    "completed",
    1,
    { rows: 3 },
    null,
  ]);
  const failed = report(record, 1, { claim: "a", state: "failed", error: "bad input" });
  assertEquals([failed.task.state, failed.task.error], ["failed", "bad input"]);
  for (const ended of [completed, failed]) {
    assertEquals([nextTaskChangeAt(ended), applyTaskTime(ended, START + 9 * DAY_MS)], [
      null,
      ended,
    ]);
    assertRefused(() => claimTask(ended, "b", START), "task_over");
    assertRefused(() => reportTask(ended, { claim: "a" }, START), "task_over");
  }
});

Deno.test("an expired claim makes the task wait again from the start, and fail after the third (S0-7)", () => {
  let record = waitingTask();
  for (const attempt of [1, 2, 3]) {
    const from = attempt * 100_000;
    record = claim(record, `w${attempt}`, from);
    record = report(record, from + 10, { claim: `w${attempt}`, progress: 0.5, result: "half" });
    assertEquals(record.task.attempts, attempt);
    assertEquals(applyTaskTime(record, START + from + 9 + CLAIM_MS), record);
    record = applyTaskTime(record, START + from + 10 + CLAIM_MS);
    const { state, progress, result } = record.task;
    if (attempt < 3) assertEquals([state, progress, result], ["waiting", null, null]);
  }
  assertEquals([record.task.state, record.task.error, record.claim], ["failed", {
    code: "claims_lapsed",
    detail: "3 workers claimed it and none finished. The last one sent no report for 30 s.",
  }, null]);
});

Deno.test("a task that no worker claims within a day fails (S0-7)", () => {
  assertEquals([nextTaskChangeAt(waitingTask()), taskExpiresAt(waitingTask())], [
    START + DAY_MS,
    START + DAY_MS,
  ]);
  assertEquals(applyTaskTime(waitingTask(), START + DAY_MS - 1).task.state, "waiting");
  const { task: { state, error } } = applyTaskTime(waitingTask(), START + DAY_MS);
  assertEquals([state, error], [
    "failed",
    { code: "not_claimed", detail: "No worker claimed it within a day." },
  ]);
  const claimedLate = claim(waitingTask(), "a", DAY_MS - 1);
  assertEquals(taskExpiresAt(claimedLate), START + 2 * DAY_MS - 1 + CLAIM_MS);
  const waitingAgain = applyTaskTime(claimedLate, START + 2 * DAY_MS);
  assertEquals([waitingAgain.task.state, nextTaskChangeAt(waitingAgain)], [
    "waiting",
    START + 3 * DAY_MS,
  ]);
});

Deno.test("countTasks() counts by state, and returns the age of the oldest waiting task (S0-7)", () => {
  const claimed = claim(waitingTask(), "a", 0);
  const waiting = newTask({ sessionId: "s", owner: "bob" }, "u", START + 5000);
  const open = [claimed, waiting, report(claimed, 1, { claim: "a" })];
  assertEquals(countTasks(open, START + 7500), {
    counts: { waiting: 1, claimed: 1, running: 1 },
    oldestAgeS: 2.5,
  });
  assertEquals(countTasks([claimed], START + 9000).oldestAgeS, 0);
});

Deno.test("a task ends once, is claimed three times at most, and never by two workers together, in any order of steps (S0-7)", () => {
  const secret = fc.constantFrom("a", "b", "c");
  const state = fc.constantFrom("running", "completed", "failed");
  const taskReport = fc.record({ claim: secret, state, progress: fc.constantFrom(0, 0.5, 1) }, {
    requiredKeys: ["claim"],
  });
  type Step = (record: TaskRecord, now: number) => TaskRecord;
  const step: fc.Arbitrary<Step> = fc.oneof(
    secret.map((claimant): Step => (record, now) => claimTask(record, claimant, now)),
    taskReport.map((generated): Step => (record, now) => reportTask(record, generated, now)),
    fc.constant<Step>(applyTaskTime),
  );
  const steps = fc.array(fc.tuple(fc.nat(40_000), step), { maxLength: 20 });
  fc.assert(fc.property(steps, (takenSteps) => {
    let [record, now, ends] = [waitingTask(), START, 0];
    for (const [ms, take] of takenSteps) {
      now += ms;
      const current = applyTaskTime(record, now); // as the record store does
      if (current !== record && isTerminal(current)) ends++;
      record = current;
      const before = record;
      const next = stepOrNull(() => take(before, now));
      if (next === null || next === record) continue;
      assert(!isTerminal(record), "a step was taken after the end");
      assert(next.task.attempts <= 3);
      assertEquals(next.claim !== null, ["claimed", "running"].includes(next.task.state));
      const isOthers = record.claim !== null && next.claim !== null;
      if (isOthers) assertEquals(next.claim?.secret, record.claim?.secret);
      if (isTerminal(next)) ends++;
      record = next;
    }
    assertEquals(ends, isTerminal(record) ? 1 : 0);
    // Untouched, it ends: the claim expires, then the wait of a day.
    const waitingAgain = applyTaskTime(record, now + CLAIM_MS);
    assertEquals(isTerminal(applyTaskTime(waitingAgain, now + CLAIM_MS + DAY_MS)), true);
  }));
});
