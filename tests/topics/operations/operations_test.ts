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
  const { operation: { id } } = await one.ledger.create(EXPORT);
  await using client = await other.follow(id);
  await one.ledger.report(id, { progress: 0.5 });
  await clock.advance(20);
  await one.ledger.report(id, { state: "completed", result: [1] });
  await clock.advance(20);
  const states = client.frames.map(({ event }) => event);
  assertEquals(states, ["sync", "progress", "progress", "completed", "bye"]);
});

Deno.test("an operation that is followed stalls and expires before its followers' eyes, by nobody's asking (S4-19)", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.ledger.create(EXPORT);
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
    ["who asks", async ({ ledger }, id) => void await ledger.look(id)],
    ["who reports", async ({ ledger }, id) => {
      assertEquals(await ledger.report(id, { progress: 1 }), "over");
    }],
    ["who cancels", async ({ ledger }, id) => {
      assertEquals(await ledger.cancel(id), "over");
    }],
    ["who follows", async (isolate, id) => void await (await isolate.follow(id)).hangUp()],
  ] satisfies [string, (isolate: Isolate<Operations>, id: string) => Promise<void>][]
) {
  Deno.test(`an operation whose isolates are all gone is seen to have expired by ${who}`, async () => {
    const { clock, isolate, typesOf } = createShared();
    const gone = isolate();
    const { operation: { id } } = await gone.ledger.create(EXPORT);
    await gone[Symbol.asyncDispose]();
    await clock.advance(400_000);
    assertEquals(await typesOf(id), ["progress"]);
    await using fresh = isolate();
    await look(fresh, id);
    assertEquals(await typesOf(id), ["progress", "expired"]);
    assertEquals((await fresh.ledger.look(id))?.operation.state, "expired");
  });
}

Deno.test("of all who end an operation at once, one does", async () => {
  const { isolate, typesOf } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.ledger.create(EXPORT);
  const outcomes = await Promise.all([
    one.ledger.report(id, { state: "completed" }),
    other.ledger.report(id, { state: "failed" }),
    one.ledger.cancel(id),
    other.ledger.report(id, { state: "completed", result: 2 }),
  ]);
  assertEquals(outcomes.filter((each) => each === "over").length, 3);
  assertEquals((await typesOf(id)).length, 2);
});

Deno.test("of all who end an operation alike and at once, one does", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  const cancelled = await one.ledger.create(EXPORT);
  await Promise.all([1, 2].map(() => one.ledger.cancel(cancelled.operation.id)));
  assertEquals(await typesOf(cancelled.operation.id), ["progress", "cancelled"]);
  const expired = await one.ledger.create(EXPORT);
  await clock.advance(300_000);
  await Promise.all([1, 2].map(() => one.ledger.look(expired.operation.id)));
  assertEquals(await typesOf(expired.operation.id), ["progress", "expired"]);
});

Deno.test("an operation is kept for LOG_RETAIN_MS after its end, and then is none (S4 defect 3)", async () => {
  const { clock, isolate, typesOf } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.ledger.create(EXPORT);
  await clock.advance(1000);
  await one.ledger.cancel(id);
  await clock.advance(RETAIN_MS - 1);
  assertEquals((await one.ledger.look(id))?.operation.state, "cancelled");
  await clock.advance(2);
  assertEquals(await one.ledger.look(id), null);
  assertEquals(await one.ledger.report(id, {}), null);
  assertEquals(await typesOf(id), []);
});

Deno.test("one that nobody looks at is kept as long as if it had been seen to expire", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.ledger.create(EXPORT);
  await clock.advance(300_000 + RETAIN_MS - 1);
  assertEquals((await one.ledger.look(id))?.operation.state, "expired");
});

Deno.test("a watch ends with its last follower", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.ledger.create(EXPORT);
  const client = await one.follow(id);
  await client.hangUp();
  await clock.advance(60_000);
  assertEquals(clock.timers, 0);
});

Deno.test("create() with a key that came before is the same operation, also where the first died half way", async () => {
  const { clock, state, isolate, typesOf } = createShared();
  await using one = isolate();
  const once = { key: "POST /v1/operations 1", fingerprint: "a" };
  // The key is taken, and whoever took it dies before the operation is there.
  const dying = createOperations({
    world: { clock, random: () => 0.25, log: { debug() {}, info() {}, warn() {}, error() {} } },
    hub: { change: () => Promise.reject(new Error("died")), whileFollowed() {} },
    store: state.store,
    retainMs: RETAIN_MS,
    maxEventBytes: 65_536,
  });
  await dying.create(EXPORT, once).catch(() => {});
  const first = await one.ledger.create(EXPORT, once);
  await one.ledger.report(first.operation.id, { progress: 0.5 });
  assertEquals(await one.ledger.create(EXPORT, once), first);
  const kept = await one.ledger.look(first.operation.id);
  assert(kept !== null);
  assertEquals(kept.operation.progress, 0.5);
  assertEquals(await typesOf(first.operation.id), ["progress", "progress"]);
});
