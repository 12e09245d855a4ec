/** Operations of several isolates, over what they share. */
import { assert, assertEquals } from "@std/assert";
import { createOperations, type Operations } from "../../../lib/topics/operations/operations.ts";
import { operationTopic } from "../../../lib/topics/operations/topic.ts";
import { createShared as createSharedOf, type Isolate, RETAIN_MS } from "../isolates.ts";

const EXPORT = { kind: "export", owner: "ann", ttlS: 300 };

const createShared = () => createSharedOf(createOperations, operationTopic);

Deno.test("a change made by one isolate is seen by who follows on another (S4-3, S4 defect 2)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.records.create(EXPORT);
  await using client = await other.follow(id);
  await one.records.report(id, { progress: 0.5 });
  await clock.advance(20);
  await one.records.report(id, { state: "completed", result: [1] });
  await clock.advance(20);
  const states = client.frames.map(({ event }) => event);
  assertEquals(states, ["sync", "progress", "progress", "completed", "bye"]);
});

Deno.test("an operation that is followed stalls and expires before its followers' eyes, by nobody's asking (S4-19)", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.records.create(EXPORT);
  await using client = await one.follow(id);
  await using second = await other.follow(id);
  await clock.advance(300_100);
  for (const each of [client, second]) {
    const frames = each.frames.filter(({ event }) => event !== "heartbeat");
    assertEquals(frames.map(({ event }) => event), [
      "sync",
      "progress",
      "progress",
      "expired",
      "bye",
    ]);
  }
  assertEquals(await typesOf(id), ["progress", "progress", "expired"], "once each");
});

for (
  const [who, look] of [
    ["who asks", async ({ records }, id) => void await records.look(id)],
    ["who reports", async ({ records }, id) => {
      assertEquals(await records.report(id, { progress: 1 }), "over");
    }],
    ["who cancels", async ({ records }, id) => {
      assertEquals(await records.cancel(id), "over");
    }],
    ["who follows", async (isolate, id) => void await (await isolate.follow(id)).hangUp()],
  ] satisfies [string, (isolate: Isolate<Operations>, id: string) => Promise<void>][]
) {
  Deno.test(`an operation whose isolates are all gone is seen to have expired by ${who}`, async () => {
    const { clock, isolate, typesOf } = createShared();
    const gone = isolate();
    const { operation: { id } } = await gone.records.create(EXPORT);
    await gone[Symbol.asyncDispose]();
    await clock.advance(400_000);
    assertEquals(await typesOf(id), ["progress"]);
    await using fresh = isolate();
    await look(fresh, id);
    assertEquals(await typesOf(id), ["progress", "expired"]);
    assertEquals((await fresh.records.look(id))?.operation.state, "expired");
  });
}

Deno.test("of all who end an operation at once, one does", async () => {
  const { isolate, typesOf } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.records.create(EXPORT);
  const outcomes = await Promise.all([
    one.records.report(id, { state: "completed" }),
    other.records.report(id, { state: "failed" }),
    one.records.cancel(id),
    other.records.report(id, { state: "completed", result: 2 }),
  ]);
  assertEquals(outcomes.filter((each) => each === "over").length, 3);
  assertEquals((await typesOf(id)).length, 2);
});

Deno.test("of all who end an operation alike and at once, one does", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  const cancelled = await one.records.create(EXPORT);
  await Promise.all([1, 2].map(() => one.records.cancel(cancelled.operation.id)));
  assertEquals(await typesOf(cancelled.operation.id), ["progress", "cancelled"]);
  const expired = await one.records.create(EXPORT);
  await clock.advance(300_000);
  await Promise.all([1, 2].map(() => one.records.look(expired.operation.id)));
  assertEquals(await typesOf(expired.operation.id), ["progress", "expired"]);
});

Deno.test("an operation is kept for LOG_RETAIN_MS after its end, and then is none (S4 defect 3)", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.records.create(EXPORT);
  await clock.advance(1000);
  await one.records.cancel(id);
  await clock.advance(RETAIN_MS - 1);
  assertEquals((await one.records.look(id))?.operation.state, "cancelled");
  await clock.advance(2);
  assertEquals(await one.records.look(id), null);
  assertEquals(await one.records.report(id, {}), null);
  assertEquals(await typesOf(id), []);
});

Deno.test("one that nobody looks at is kept as long as if it had been seen to expire", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.records.create(EXPORT);
  await clock.advance(300_000 + RETAIN_MS - 1);
  assertEquals((await one.records.look(id))?.operation.state, "expired");
});

Deno.test("a watch ends with its last follower", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.records.create(EXPORT);
  const client = await one.follow(id);
  await client.hangUp();
  await clock.advance(60_000);
  assertEquals(clock.timers, 0);
});

Deno.test("create() with a key that came before is the same operation, also where the first died half way", async () => {
  const { clock, state, isolate, typesOf } = createShared();
  await using one = isolate();
  const idempotencyKey = { key: "POST /v1/operations 1", fingerprint: "a" };
  // The key is taken, and whoever took it dies before the operation is there.
  const dying = createOperations({
    runtime: { clock, random: () => 0.25, log: { debug() {}, info() {}, warn() {}, error() {} } },
    hub: { updateAndPublish: () => Promise.reject(new Error("died")), whileSubscribed() {} },
    store: state.store,
    retainMs: RETAIN_MS,
    maxEventBytes: 65_536,
  });
  await dying.create(EXPORT, idempotencyKey).catch(() => {});
  const first = await one.records.create(EXPORT, idempotencyKey);
  await one.records.report(first.operation.id, { progress: 0.5 });
  assertEquals(await one.records.create(EXPORT, idempotencyKey), first);
  const kept = await one.records.look(first.operation.id);
  assert(kept !== null);
  assertEquals(kept.operation.progress, 0.5);
  assertEquals(await typesOf(first.operation.id), ["progress", "progress"]);
});
