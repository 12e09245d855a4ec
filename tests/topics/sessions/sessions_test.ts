/** Sessions of several isolates over one shared state. */
import { assert, assertEquals } from "@std/assert";
import { DAY_MS } from "../../../lib/core/time.ts";
import {
  createSessions,
  newSession,
  reportSession,
  type SessionReport,
  touchSession,
} from "../../../lib/topics/sessions/session.ts";
import { type Context, createShared as createSharedOf, refusalOf, RETAIN_MS } from "../isolates.ts";

const TTL_S = 300;
const TTL_MS = TTL_S * 1000;
const OWNER = { owner: "ann" };

const createShared = (adapt: (context: Context) => Context = (context) => context, ttlS = TTL_S) =>
  createSharedOf((context) => {
    const sessions = createSessions(adapt(context));
    return {
      ...sessions,
      create: ({ owner }: { owner: string }) =>
        sessions.create((id, now) => newSession({ owner, ttlS }, id, now)),
      change: (id: string, report: SessionReport) =>
        sessions.report(id, (record, now) => reportSession(record, report, now)),
      touch: (id: string) => sessions.update(id, touchSession),
    };
  });

Deno.test("a session changed by one isolate reaches a subscriber of another, to its end (S0-1, S0-19, S0-31)", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { session: { id } } = await isolateA.records.create(OWNER);
  await using client = await isolateB.subscribe(id);
  await isolateA.records.change(id, { session_state: "asking", progress: 0.5 });
  await clock.advance(20);
  await isolateA.records.change(id, { session_state: "completed" });
  await clock.advance(20);
  const types = client.frames.map(({ event }) => event);
  assertEquals(types, ["sync", "session", "session", "completed", "bye"]);
});

Deno.test("a touched session expires one TTL later, once for all subscribers, and accepts no more changes", async () => {
  const { clock, startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { session: { id } } = await isolateA.records.create(OWNER);
  await using first = await isolateA.subscribe(id);
  await using second = await isolateB.subscribe(id);
  await clock.advance(TTL_MS - 1000);
  await isolateB.records.touch(id);
  await clock.advance(TTL_MS - 100);
  assertEquals(await typesOf(id), ["session", "session"]);
  await clock.advance(200);
  assertEquals(await typesOf(id), ["session", "session", "expired"]);
  for (const { frames } of [first, second]) {
    assertEquals(frames.map(({ event }) => event).slice(-2), ["expired", "bye"]);
  }
  assertEquals(await refusalOf(() => isolateA.records.touch(id)), "session_over");
  assertEquals(await refusalOf(() => isolateA.records.change(id, { progress: 1 })), "session_over");
});

Deno.test("of several simultaneous ends, on two isolates, one is stored (S0-19)", async () => {
  const { startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { session: { id } } = await isolateA.records.create(OWNER);
  const outcomes = await Promise.all(
    ["completed", "failed", "cancelled", "completed"].map((session_state, n) =>
      refusalOf(() => (n % 2 ? isolateA : isolateB).records.change(id, { session_state, data: n }))
    ),
  );
  assertEquals(outcomes.filter((code) => code === "session_over").length, 3);
  assertEquals((await typesOf(id)).length, 2);
});

Deno.test("a session that no isolate watched has expired when it is read, and is deleted after LOG_RETAIN_MS (S0-31)", async () => {
  const { clock, startIsolate } = createShared();
  const stoppedIsolate = startIsolate();
  const { session: { id } } = await stoppedIsolate.records.create(OWNER);
  await stoppedIsolate[Symbol.asyncDispose]();
  await clock.advance(TTL_MS + 100_000);
  await using newIsolate = startIsolate();
  assertEquals((await newIsolate.records.get(id))?.session.session_state, "expired");
  await clock.advance(RETAIN_MS + 1);
  assertEquals(await newIsolate.records.get(id), null);
  assertEquals(await refusalOf(() => newIsolate.records.touch(id)), "unknown_session");
});

Deno.test("a silent stream sends one heartbeat per interval, and reads nothing in between (S0-11, S0-13)", async () => {
  let reads = 0;
  const { clock, startIsolate } = createShared(
    (context) => {
      const get = (key: string) => {
        reads++;
        return context.store.get(key);
      };
      return { ...context, store: { ...context.store, get } };
    },
    DAY_MS / 1000,
  );
  await using isolateA = startIsolate();
  const { session: { id } } = await isolateA.records.create(OWNER);
  await using client = await isolateA.subscribe(id);
  const [opening, chunks] = [client.frames.length, client.chunks];

  const intervals = 100;
  await clock.advance(intervals * 15_000);
  assert(reads <= intervals, `${reads} reads of the state in ${intervals} intervals`);
  assertEquals(reads, 1, "that of the new subscriber");
  const silent = client.frames.slice(opening).map(({ event }) => event);
  assertEquals(silent, Array(intervals).fill("heartbeat"));
  assertEquals(client.chunks - chunks, intervals);
});
