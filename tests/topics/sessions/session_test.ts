/** The state machine of sessions. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  applySessionTime,
  newSession,
  nextSessionChangeAt,
  reportSession,
  sessionEvent,
  type SessionRecord,
  SessionReport,
  touchSession,
} from "../../../lib/topics/sessions/session.ts";
import { assertRefused, stepOrNull } from "../steps.ts";

const START = 1_700_000_000_000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const fresh = () => newSession({ owner: "ann", ttlS: 300 }, "x", START);

const isTerminal = ({ session }: SessionRecord) => session.terminal;

function after(record: SessionRecord, ms: number, change: SessionReport): SessionRecord {
  return reportSession(record, change, START + ms);
}

Deno.test("newSession() is started, has progress 0, and expires after its TTL (S0-5)", () => {
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
  assertEquals(sessionEvent(fresh()), { type: "session", data: fresh().session });
});

Deno.test("reportSession() changes the fields of the report, and is a heartbeat", () => {
  const first = after(fresh(), 1000, {
    session_state: "asking",
    progress: 0.25,
    data: [1],
  });
  assertEquals(first.session.expires_at, iso(301_000));
  const { session } = after(first, 2000, {});
  assertEquals(session, {
    ...first.session,
    updated_at: iso(2000),
    expires_at: iso(302_000),
  });
  assertEquals(after(first, 2000, { data: null }).session.data, null);
});

Deno.test("a completed session has progress 1 unless the report says otherwise (S0-5)", () => {
  const asking = after(fresh(), 0, { session_state: "asking", progress: 0.5 });
  const ends = ["completed", "failed", "cancelled"].map((session_state) =>
    after(asking, 1, { session_state })
  );
  assertEquals(ends.map(({ session }) => session.progress), [1, 0.5, 0.5]);
  assertEquals(ends.map((each) => sessionEvent(each).type), ["completed", "failed", "cancelled"]);
  assertEquals(ends.map(nextSessionChangeAt), [null, null, null]);
  const partly = after(asking, 1, { session_state: "completed", progress: 0.9 });
  assertEquals([partly.session.progress, partly.session.terminal], [0.9, true]);
});

Deno.test("touchSession() is a heartbeat, unless there was one just before, so that a burst is one write", () => {
  assertEquals(touchSession(fresh(), START + 4999), fresh());
  assertEquals(touchSession(fresh(), START + 5000), after(fresh(), 5000, {}));
  const over = after(fresh(), 0, { session_state: "failed" });
  assertRefused(() => touchSession(over, START + 5000), "session_over");
});

Deno.test("applySessionTime() expires a session, however late", () => {
  assertEquals(nextSessionChangeAt(fresh()), START + 300_000);
  const record = fresh();
  assertEquals(applySessionTime(record, START + 299_999), record);
  for (const late of [0, 86_400_000]) {
    const { session } = applySessionTime(record, START + 300_000 + late);
    assertEquals([session.session_state, session.terminal], ["expired", true]);
    assertEquals([session.progress, session.updated_at], [0, iso(300_000 + late)]);
  }
});

Deno.test("SessionReport accepts any state of 1 to 64 characters but expired, and no terminal state in another spelling", () => {
  const takes = (session_state: unknown) => SessionReport.safeParse({ session_state }).success;
  for (const good of ["x", "warten auf Rückruf", "s".repeat(64), "completed", "complete"]) {
    assert(takes(good), good);
  }
  for (const bad of ["", "s".repeat(65), "expired", "COMPLETED", " failed", "Expired", 1, null]) {
    assert(!takes(bad), String(bad));
  }
});

Deno.test("a session ends once, in any order of reports and time (S0-5, S0-19)", () => {
  const change = fc.record({
    session_state: fc.constantFrom("asking", "completed", "failed", "cancelled"),
    progress: fc.double({ min: 0, max: 1, noNaN: true }),
    data: fc.jsonValue(),
  }, { requiredKeys: [] });
  const step = fc.oneof(
    change.map((each) => (record: SessionRecord, now: number) => reportSession(record, each, now)),
    fc.constant(applySessionTime),
  );
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(400_000), step), { maxLength: 12 }), (all) => {
    let [record, now] = [fresh(), START];
    const types = [sessionEvent(record).type];
    for (const [ms, take] of all) {
      now += ms;
      const next = stepOrNull(() => take(record, now));
      if (next === null || next === record) continue;
      assert(!isTerminal(record), "something came after the end");
      types.push(sessionEvent(next).type);
      record = next;
    }
    assertEquals(types.filter((type) => type !== "session").length, isTerminal(record) ? 1 : 0);
    assert(isTerminal(applySessionTime(record, now + 300_000)));
  }));
});
