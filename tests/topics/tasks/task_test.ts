/** The state machine of tasks, on its own. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  begun,
  claimed,
  expiresAt,
  isOver,
  type Kept,
  lookedAt,
  nextLookAt,
  queueOf,
  type Refusal,
  type Report,
  reported,
} from "../../../lib/topics/tasks/task.ts";

const START = 1_700_000_000_000;
const DAY = 86_400_000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const fresh = () => begun({ id: "t", sessionId: "s", owner: "ann" }, START);

function ok(next: Kept | Refusal): Kept {
  assert(typeof next !== "string", String(next));
  return next;
}

const claim = (kept: Kept, secret: string, ms: number) => ok(claimed(kept, secret, START + ms));
const report = (kept: Kept, ms: number, what: Report) => ok(reported(kept, what, START + ms));

Deno.test("begun() waits, and was never claimed (S0-3)", () => {
  assertEquals(fresh(), {
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

Deno.test("claimed() gives it to one worker for 30 s, and leaves it to that one", () => {
  const kept = claim(fresh(), "a", 1000);
  assertEquals([kept.task.state, kept.task.attempts, nextLookAt(kept)], [
    "claimed",
    1,
    START + 31_000,
  ]);
  assertEquals(claim(kept, "b", 2000), kept);
});

Deno.test("reported() renews the claim for 30 s, and be it an empty report (S0-3)", () => {
  const idempotencyKey = report(claim(fresh(), "a", 0), 20_000, { claim: "a" });
  assertEquals([idempotencyKey.task.state, nextLookAt(idempotencyKey)], [
    "running",
    START + 50_000,
  ]);
  const twice = report(idempotencyKey, 40_000, { claim: "a", progress: 0.5 });
  assertEquals([twice.task.progress, nextLookAt(twice)], [0.5, START + 70_000]);
  assertEquals(report(twice, 50_000, { claim: "a" }).task.progress, 0.5, "what is not named stays");
});

Deno.test("reported() takes no word of who has it not: before a claim, with another's, after it lapsed", () => {
  assertEquals(reported(fresh(), { claim: "" }, START), "lost");
  const kept = claim(fresh(), "a", 0);
  assertEquals(reported(kept, { claim: "b" }, START), "lost");
  const back = lookedAt(kept, START + 30_000);
  assertEquals(reported(back, { claim: "a", state: "completed" }, START + 30_000), "lost");
  const next = claim(back, "b", 30_001);
  assertEquals(reported(next, { claim: "a" }, START + 30_002), "lost");
});

Deno.test("reported() ends it as the worker says, attempts left or not: nothing comes after (S0-4)", () => {
  const kept = claim(fresh(), "a", 0);
  const done = report(kept, 1, { claim: "a", state: "completed", result: { rows: 3 } });
  assertEquals([done.task.state, done.task.progress, done.task.result, done.claim], [
    "completed",
    1,
    { rows: 3 },
    null,
  ]);
  const failed = report(kept, 1, { claim: "a", state: "failed", error: "bad input" });
  assertEquals([failed.task.state, failed.task.error], ["failed", "bad input"]);
  for (const over of [done, failed]) {
    assertEquals([nextLookAt(over), lookedAt(over, START + 9 * DAY)], [null, over]);
    assertEquals(claimed(over, "b", START), "over");
    assertEquals(reported(over, { claim: "a" }, START), "over");
  }
});

Deno.test("lookedAt() gives back what its worker was not heard of, from the start, and fails it after the third (S0-7)", () => {
  let kept = fresh();
  for (const attempt of [1, 2, 3]) {
    const from = attempt * 100_000;
    kept = claim(kept, `w${attempt}`, from);
    kept = report(kept, from + 10, { claim: `w${attempt}`, progress: 0.5, result: "half" });
    assertEquals(kept.task.attempts, attempt);
    assertEquals(lookedAt(kept, START + from + 30_009), kept);
    kept = lookedAt(kept, START + from + 30_010);
    const { state, progress, result } = kept.task;
    if (attempt < 3) assertEquals([state, progress, result], ["waiting", null, null]);
  }
  assertEquals([kept.task.state, kept.task.error, kept.claim], ["failed", {
    code: "claims_lapsed",
    detail: "3 workers claimed it, and none of them finished: the last was not heard of for 30 s.",
  }, null]);
});

Deno.test("lookedAt() fails what no worker claimed within a day, counted from when it began to wait (S0-7)", () => {
  assertEquals([nextLookAt(fresh()), expiresAt(fresh())], [START + DAY, START + DAY]);
  assertEquals(lookedAt(fresh(), START + DAY - 1).task.state, "waiting");
  const { task: { state, error } } = lookedAt(fresh(), START + DAY);
  assertEquals([state, error], [
    "failed",
    { code: "not_claimed", detail: "No worker claimed it within a day." },
  ]);
  const late = claim(fresh(), "a", DAY - 1);
  assertEquals(expiresAt(late), START + 2 * DAY + 29_999);
  const back = lookedAt(late, START + 2 * DAY);
  assertEquals([back.task.state, nextLookAt(back)], ["waiting", START + 3 * DAY]);
});

Deno.test("queueOf() counts by state, and tells the age of the oldest that waits (S0-7)", () => {
  const old = claim(fresh(), "a", 0);
  const later = begun({ id: "u", sessionId: "s", owner: "bob" }, START + 5000);
  const open = [old, later, report(old, 1, { claim: "a" })];
  assertEquals(queueOf(open, START + 7500), {
    counts: { waiting: 1, claimed: 1, running: 1 },
    oldestAgeS: 2.5,
  });
  assertEquals(queueOf([old], START + 9000).oldestAgeS, 0);
});

Deno.test("a task ends once, is claimed three times at most, and is never two workers', whatever is done in any order (S0-7)", () => {
  const secret = fc.constantFrom("a", "b", "c");
  const state = fc.constantFrom("running", "completed", "failed");
  const said = fc.record({ claim: secret, state, progress: fc.constantFrom(0, 0.5, 1) }, {
    requiredKeys: ["claim"],
  });
  type Step = (kept: Kept, now: number) => Kept | Refusal;
  const step: fc.Arbitrary<Step> = fc.oneof(
    secret.map((each): Step => (kept, now) => claimed(kept, each, now)),
    said.map((each): Step => (kept, now) => reported(kept, each, now)),
    fc.constant<Step>(lookedAt),
  );
  const steps = fc.array(fc.tuple(fc.nat(40_000), step), { maxLength: 20 });
  fc.assert(fc.property(steps, (all) => {
    let [kept, now, ends] = [fresh(), START, 0];
    for (const [ms, take] of all) {
      now += ms;
      const seen = lookedAt(kept, now); // as the ledger does
      if (seen !== kept && isOver(seen)) ends++;
      kept = seen;
      const next = take(kept, now);
      if (typeof next === "string" || next === kept) continue;
      assert(!isOver(kept), "something came after the end");
      assert(next.task.attempts <= 3);
      assertEquals(next.claim !== null, ["claimed", "running"].includes(next.task.state));
      const isOthers = kept.claim !== null && next.claim !== null;
      if (isOthers) assertEquals(next.claim?.secret, kept.claim?.secret);
      if (isOver(next)) ends++;
      kept = next;
    }
    assertEquals(ends, isOver(kept) ? 1 : 0);
    // Left alone, it ends: a claim lapses, and who waits does so for a day.
    const back = lookedAt(kept, now + 30_000);
    assertEquals(isOver(lookedAt(back, now + 30_000 + DAY)), true);
  }));
});
