/** The state machine of sessions, on its own (S0-5). */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  begun,
  Change,
  changed,
  eventOf,
  isOver,
  type Kept,
  lookedAt,
  nextLookAt,
  touched,
} from "../../../lib/topics/sessions/session.ts";

const START = 1_700_000_000_000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const fresh = () => begun({ id: "x", owner: "ann", ttlS: 300 }, START);

function after(kept: Kept, ms: number, change: Change): Kept {
  const next = changed(kept, change, START + ms);
  assert(next !== "over");
  return next;
}

Deno.test("begun() is started, at 0, and lives for its TTL (S0-5)", () => {
  assertEquals(fresh().session, {
    id: "x",
    owner: "ann",
    session_state: "started",
    terminal: false,
    progress: 0,
    data: null,
    created_at: iso(0),
    updated_at: iso(0),
    expires_at: iso(300_000),
  });
  assertEquals(eventOf(fresh()), { type: "session", data: fresh().session });
});

Deno.test("changed() takes what is named, keeps the rest, and counts as a sign of life", () => {
  const idempotencyKey = after(fresh(), 1000, {
    session_state: "asking",
    progress: 0.25,
    data: [1],
  });
  assertEquals(idempotencyKey.session.expires_at, iso(301_000));
  const { session } = after(idempotencyKey, 2000, {});
  assertEquals(session, {
    ...idempotencyKey.session,
    updated_at: iso(2000),
    expires_at: iso(302_000),
  });
  assertEquals(after(idempotencyKey, 2000, { data: null }).session.data, null);
});

Deno.test("changed() of a completed one has all of it done, unless it says otherwise (S0-5)", () => {
  const asking = after(fresh(), 0, { session_state: "asking", progress: 0.5 });
  const ends = ["completed", "failed", "cancelled"].map((session_state) =>
    after(asking, 1, { session_state })
  );
  assertEquals(ends.map(({ session }) => session.progress), [1, 0.5, 0.5]);
  assertEquals(ends.map((each) => eventOf(each).type), ["completed", "failed", "cancelled"]);
  assertEquals(ends.map(nextLookAt), [null, null, null]);
  const partly = after(asking, 1, { session_state: "completed", progress: 0.9 });
  assertEquals([partly.session.progress, partly.session.terminal], [0.9, true]);
});

Deno.test("touched() is a sign of life, unless there was one just now: many at once are one change", () => {
  assertEquals(touched(fresh(), START + 4999), fresh());
  assertEquals(touched(fresh(), START + 5000), after(fresh(), 5000, {}));
  const over = after(fresh(), 0, { session_state: "failed" });
  assertEquals(touched(over, START + 5000), "over");
});

Deno.test("lookedAt() decides that one expired, however late, and that none stalls", () => {
  assertEquals(nextLookAt(fresh()), START + 300_000);
  const kept = fresh();
  assertEquals(lookedAt(kept, START + 299_999), kept);
  for (const late of [0, 86_400_000]) {
    const { session } = lookedAt(kept, START + 300_000 + late);
    assertEquals([session.session_state, session.terminal], ["expired", true]);
    assertEquals([session.progress, session.updated_at], [0, iso(300_000 + late)]);
  }
});

Deno.test("Change takes any state of 1 to 64 characters but expired, and no end in other letters", () => {
  const takes = (session_state: unknown) => Change.safeParse({ session_state }).success;
  for (const good of ["x", "warten auf Rückruf", "s".repeat(64), "completed", "complete"]) {
    assert(takes(good), good);
  }
  for (const bad of ["", "s".repeat(65), "expired", "COMPLETED", " failed", "Expired", 1, null]) {
    assert(!takes(bad), String(bad));
  }
});

Deno.test("a session ends once, whatever is changed and looked at, in any order (S0-5, S0-19)", () => {
  const change = fc.record({
    session_state: fc.constantFrom("asking", "completed", "failed", "cancelled"),
    progress: fc.double({ min: 0, max: 1, noNaN: true }),
    data: fc.jsonValue(),
  }, { requiredKeys: [] });
  const step = fc.oneof(
    change.map((each) => (kept: Kept, now: number) => changed(kept, each, now)),
    fc.constant(lookedAt),
  );
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(400_000), step), { maxLength: 12 }), (all) => {
    let [kept, now] = [fresh(), START];
    const types = [eventOf(kept).type];
    for (const [ms, take] of all) {
      now += ms;
      const next = take(kept, now);
      if (next === "over" || next === kept) continue;
      assert(!isOver(kept), "something came after the end");
      types.push(eventOf(next).type);
      kept = next;
    }
    assertEquals(types.filter((type) => type !== "session").length, isOver(kept) ? 1 : 0);
    assert(isOver(lookedAt(kept, now + 300_000)));
  }));
});
