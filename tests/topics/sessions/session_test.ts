/** The state machine of sessions. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { DAY_MS } from "../../../lib/core/time.ts";
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
const TTL_S = 300;
const TTL_MS = TTL_S * 1000;
const iso = (ms: number) => new Date(START + ms).toISOString();
const newTestSession = () => newSession({ owner: "ann", ttlS: TTL_S }, "x", START);

const isTerminal = ({ session }: SessionRecord) => session.terminal;

function after(record: SessionRecord, ms: number, change: SessionReport): SessionRecord {
  return reportSession(record, change, START + ms);
}

Deno.test("newSession() is started, has progress 0, and expires after its TTL (S0-5)", () => {
  assertEquals(newTestSession().session, {
    id: "x",
    owner: "ann",
    session_state: "started",
    terminal: false,
    progress: 0,
    data: null,
    created_at: iso(0),
    updated_at: iso(0),
    expires_at: iso(TTL_MS),
  });
  assertEquals(sessionEvent(newTestSession()), { type: "session", data: newTestSession().session });
});

Deno.test("reportSession() changes the fields of the report, and is a heartbeat", () => {
  const first = after(newTestSession(), 1000, {
    session_state: "asking",
    progress: 0.25,
    data: [1],
  });
  assertEquals(first.session.expires_at, iso(1000 + TTL_MS));
  const { session } = after(first, 2000, {});
  assertEquals(session, {
    ...first.session,
    updated_at: iso(2000),
    expires_at: iso(2000 + TTL_MS),
  });
  assertEquals(after(first, 2000, { data: null }).session.data, null);
});

Deno.test("a completed session has progress 1 unless the report says otherwise (S0-5)", () => {
  const asking = after(newTestSession(), 0, { session_state: "asking", progress: 0.5 });
  const ends = ["completed", "failed", "cancelled"].map((session_state) =>
    after(asking, 1, { session_state })
  );
  assertEquals(ends.map(({ session }) => session.progress), [1, 0.5, 0.5]);
  assertEquals(ends.map((record) => sessionEvent(record).type), [
    "completed",
    "failed",
    "cancelled",
  ]);
  assertEquals(ends.map(nextSessionChangeAt), [null, null, null]);
  const partly = after(asking, 1, { session_state: "completed", progress: 0.9 });
  assertEquals([partly.session.progress, partly.session.terminal], [0.9, true]);
});

Deno.test("touchSession() is a heartbeat, unless the last one was within a sixtieth of the TTL", () => {
  assertEquals(touchSession(newTestSession(), START + TTL_MS / 60 - 1), newTestSession());
  assertEquals(
    touchSession(newTestSession(), START + TTL_MS / 60),
    after(newTestSession(), TTL_MS / 60, {}),
  );
  const ended = after(newTestSession(), 0, { session_state: "failed" });
  assertRefused(() => touchSession(ended, START + TTL_MS / 60), "session_over");
});

Deno.test("applySessionTime() expires a session, however late", () => {
  assertEquals(nextSessionChangeAt(newTestSession()), START + TTL_MS);
  const record = newTestSession();
  assertEquals(applySessionTime(record, START + TTL_MS - 1), record);
  for (const delayMs of [0, DAY_MS]) {
    const { session } = applySessionTime(record, START + TTL_MS + delayMs);
    assertEquals([session.session_state, session.terminal], ["expired", true]);
    assertEquals([session.progress, session.updated_at], [0, iso(TTL_MS + delayMs)]);
  }
});

Deno.test("SessionReport accepts any state of 1 to 64 characters but expired, and no terminal state in another spelling", () => {
  const isAccepted = (session_state: unknown) => SessionReport.safeParse({ session_state }).success;
  for (const validState of ["x", "warten auf Rückruf", "s".repeat(64), "completed", "complete"]) {
    assert(isAccepted(validState), validState);
  }
  for (
    const invalidState of [
      "",
      "s".repeat(65),
      "expired",
      "COMPLETED",
      " failed",
      "Expired",
      1,
      null,
    ]
  ) {
    assert(!isAccepted(invalidState), String(invalidState));
  }
});

Deno.test("a session ends once, in any order of reports and time (S0-5, S0-19)", () => {
  const change = fc.record({
    session_state: fc.constantFrom("asking", "completed", "failed", "cancelled"),
    progress: fc.double({ min: 0, max: 1, noNaN: true }),
    data: fc.jsonValue(),
  }, { requiredKeys: [] });
  const step = fc.oneof(
    change.map((report) => (record: SessionRecord, now: number) =>
      reportSession(record, report, now)
    ),
    fc.constant(applySessionTime),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400_000), step), { maxLength: 12 }), (takenSteps) => {
      let [record, now] = [newTestSession(), START];
      const types = [sessionEvent(record).type];
      for (const [ms, take] of takenSteps) {
        now += ms;
        const next = stepOrNull(() => take(record, now));
        if (next === null || next === record) continue;
        assert(!isTerminal(record), "a step was taken after the end");
        types.push(sessionEvent(next).type);
        record = next;
      }
      assertEquals(types.filter((type) => type !== "session").length, isTerminal(record) ? 1 : 0);
      assert(isTerminal(applySessionTime(record, now + TTL_MS)));
    }),
  );
});
