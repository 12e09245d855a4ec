/** Sessions of several isolates, over what they share. */
import { assert, assertEquals } from "@std/assert";
import { createSessions } from "../../../lib/topics/sessions/sessions.ts";
import { sessionTopic } from "../../../lib/topics/sessions/topic.ts";
import { type Context, createShared as createSharedOf, RETAIN_MS } from "../isolates.ts";

const OWNER = { owner: "ann" };

const createShared = (over: (context: Context) => Context = (context) => context, ttlS = 300) =>
  createSharedOf((context) => createSessions({ ...over(context), ttlS }), sessionTopic);

Deno.test("a session changed by one isolate is seen by who follows on another, to its end (S0-1, S0-19, S0-31)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { session: { id } } = await one.records.create(OWNER);
  await using client = await other.follow(id);
  await one.records.change(id, { session_state: "asking", progress: 0.5 });
  await clock.advance(20);
  await one.records.change(id, { session_state: "completed" });
  await clock.advance(20);
  const types = client.frames.map(({ event }) => event);
  assertEquals(types, ["sync", "session", "session", "completed", "bye"]);
});

Deno.test("a session shows life by being touched, expires once for all its followers, and is then over", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { session: { id } } = await one.records.create(OWNER);
  await using first = await one.follow(id);
  await using second = await other.follow(id);
  await clock.advance(299_000);
  const touched = await other.records.touch(id);
  assert(touched !== null && touched !== "over");
  await clock.advance(299_900);
  assertEquals(await typesOf(id), ["session", "session"]);
  await clock.advance(200);
  assertEquals(await typesOf(id), ["session", "session", "expired"]);
  for (const { frames } of [first, second]) {
    assertEquals(frames.map(({ event }) => event).slice(-2), ["expired", "bye"]);
  }
  assertEquals(await one.records.touch(id), "over");
  assertEquals(await one.records.change(id, { progress: 1 }), "over");
});

Deno.test("of all who end a session at once, on two isolates, one does (S0-19)", async () => {
  const { isolate, typesOf } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { session: { id } } = await one.records.create(OWNER);
  const outcomes = await Promise.all(
    ["completed", "failed", "cancelled", "completed"].map((session_state, n) =>
      (n % 2 ? one : other).records.change(id, { session_state, data: n })
    ),
  );
  assertEquals(outcomes.filter((each) => each === "over").length, 3);
  assertEquals((await typesOf(id)).length, 2);
});

Deno.test("a session whose isolates are all gone is seen to have expired, and is none after LOG_RETAIN_MS (S0-31)", async () => {
  const { clock, isolate } = createShared();
  const gone = isolate();
  const { session: { id } } = await gone.records.create(OWNER);
  await gone[Symbol.asyncDispose]();
  await clock.advance(400_000);
  await using fresh = isolate();
  assertEquals((await fresh.records.look(id))?.session.session_state, "expired");
  await clock.advance(RETAIN_MS + 1);
  assertEquals(await fresh.records.look(id), null);
  assertEquals(await fresh.records.touch(id), null);
});

Deno.test("a silent stream is neither a busy loop nor a sleep: a heartbeat an interval, and no read between (S0-11, S0-13)", async () => {
  let reads = 0;
  const { clock, isolate } = createShared(
    (context) => {
      const get = (key: string) => {
        reads++;
        return context.store.get(key);
      };
      return { ...context, store: { ...context.store, get } };
    },
    86_400,
  );
  await using one = isolate();
  const { session: { id } } = await one.records.create(OWNER);
  await using client = await one.follow(id);
  const [opening, chunks] = [client.frames.length, client.chunks];

  const intervals = 100;
  await clock.advance(intervals * 15_000);
  assert(reads <= intervals, `${reads} reads of the state in ${intervals} intervals`);
  assertEquals(reads, 1, "that of who begins to follow");
  const silent = client.frames.slice(opening).map(({ event }) => event);
  assertEquals(silent, Array(intervals).fill("heartbeat"));
  assertEquals(client.chunks - chunks, intervals);
});
