/** The state machine of operations, on its own. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  begun,
  cancelled,
  eventOf,
  isOver,
  type Kept,
  lookedAt,
  nextLookAt,
  nextPollDelay,
  type Refusal,
  type Report,
  reported,
  shown,
} from "../../../lib/topics/operations/operation.ts";

const START = 1_700_000_000_000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const fresh = () => begun({ id: "x", kind: "export", owner: "ann", ttlS: 300 }, START);

function after(kept: Kept, ms: number, report: Report): Kept {
  const next = reported(kept, report, START + ms);
  assert(typeof next !== "string", String(next));
  return next;
}

Deno.test("begun() is pending and lives for its TTL (S4-3)", () => {
  assertEquals(fresh().operation, {
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
    expires_at: iso(300_000),
  });
});

Deno.test("reported() takes what is named, keeps the rest, and counts as a sign of life", () => {
  const idempotencyKey = after(fresh(), 1000, { progress: 0.25, message: "reading", eta_s: 30 });
  assertEquals([idempotencyKey.operation.state, idempotencyKey.operation.expires_at], [
    "running",
    iso(301_000),
  ]);
  const twice = after(idempotencyKey, 2000, { eta_s: null });
  const { state, progress, message, eta_s, updated_at } = twice.operation;
  assertEquals([state, progress, message, eta_s, updated_at], [
    "running",
    0.25,
    "reading",
    null,
    iso(2000),
  ]);
  assertEquals(after(twice, 3000, {}).operation.expires_at, iso(303_000));
});

Deno.test("reported() leaves one pending that only says what it waits for", () => {
  assertEquals(after(fresh(), 0, { message: "third in line" }).operation.state, "pending");
});

Deno.test("reported() of a completed one has all of it done, and nothing is waited for", () => {
  const running = after(fresh(), 0, { progress: 0.5, eta_s: 9 });
  const { operation } = after(running, 1, { state: "completed", result: { rows: 3 } });
  assertEquals([operation.progress, operation.eta_s, operation.result], [1, null, { rows: 3 }]);
  assertEquals(after(running, 1, { state: "failed", error: "no" }).operation.progress, 0.5);
});

Deno.test("reported() never goes back", () => {
  const running = after(fresh(), 0, { state: "running" });
  assertEquals(reported(running, { state: "pending" }, START), "backwards");
});

Deno.test("lookedAt() says that one stalls after half of its life, once, until it shows life (S4-18)", () => {
  const running = after(fresh(), 0, { progress: 0.5, message: "copying", eta_s: 60 });
  assertEquals(nextLookAt(running), START + 150_000);
  assertEquals(lookedAt(running, START + 149_999), running);
  const stalled = lookedAt(running, START + 150_000);
  assertEquals(eventOf(stalled).type, "progress");
  assertEquals(shown(stalled), {
    ...running.operation,
    message: `No sign of life since ${iso(0)}; it expires at ${iso(300_000)}.`,
    eta_s: null,
  });
  assertEquals(lookedAt(stalled, START + 299_999), stalled);
  const alive = shown(after(stalled, 200_000, { progress: 0.6 }));
  assertEquals([alive.message, alive.eta_s, alive.expires_at], ["copying", 60, iso(500_000)]);
});

Deno.test("lookedAt() decides that one expired, however late (S4-19, S4 defect 1)", () => {
  for (const late of [0, 1, 86_400_000]) {
    const { operation } = lookedAt(fresh(), START + 300_000 + late);
    assertEquals([operation.state, operation.updated_at], ["expired", iso(300_000 + late)]);
    assertEquals(operation.message, "It expired: there was no sign of life for 300 s.");
  }
});

Deno.test("cancelled() ends one, and is the same when it is asked again", () => {
  const end = cancelled(after(fresh(), 0, { progress: 0.1 }), START + 5);
  assert(typeof end !== "string");
  assertEquals([end.operation.state, nextLookAt(end)], ["cancelled", null]);
  assertEquals(cancelled(end, START + 9), end);
  assertEquals(cancelled(after(fresh(), 0, { state: "failed" }), START), "over");
});

Deno.test("nextPollDelay() is a quarter of what is left, else half of the silence, at most 15 s, and 0 at the end (S4 defect 5)", () => {
  const delays = (kept: Kept, ...seconds: number[]) =>
    seconds.map((s) => nextPollDelay(kept, START + s * 1000));
  assertEquals(delays(fresh(), 0, 1, 10, 60, 298, 299.5), [1, 1, 5, 15, 2, 1]);
  assertEquals(delays(after(fresh(), 0, { eta_s: 20 }), 0, 100), [5, 5]);
  assertEquals(delays(after(fresh(), 0, { state: "completed" }), 0, 1000), [0, 0]);
});

Deno.test("an operation ends once, whatever is reported, asked and looked at, in any order", () => {
  const state = fc.constantFrom("pending", "running", "completed", "failed", "cancelled");
  const report = fc.record({ state, progress: fc.double({ min: 0, max: 1, noNaN: true }) }, {
    requiredKeys: [],
  });
  const step = fc.oneof(
    report.map((each) => (kept: Kept, now: number) => reported(kept, each, now)),
    fc.constant(cancelled),
    fc.constant(lookedAt),
  );
  const steps = fc.array(fc.tuple(fc.nat(400_000), step), { maxLength: 12 });
  fc.assert(fc.property(steps, (all) => {
    let [kept, now, ends] = [fresh(), START, 0];
    for (const [ms, take] of all) {
      now += ms;
      const next: Kept | Refusal = take(kept, now);
      if (typeof next === "string" || next === kept) continue;
      assert(!isOver(kept), "something came after the end");
      assert(next.operation.state !== "pending" || kept.operation.state === "pending");
      if (isOver(next)) ends++;
      kept = next;
    }
    assertEquals(ends, isOver(kept) ? 1 : 0);
    assertEquals(isOver(lookedAt(kept, now + 300_000)), true);
  }));
});
