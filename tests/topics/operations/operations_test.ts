/** Operations of several isolates, over what they share. */
import { assert, assertEquals } from "@std/assert";
import type { SharedState } from "../../../lib/store/shared_state.ts";
import { createMemoryState } from "../../../lib/store/memory_state.ts";
import { createOperations } from "../../../lib/topics/operations/operations.ts";
import { operationTopic } from "../../../lib/topics/operations/topic.ts";
import { createClient, createHubOver, settings } from "../../hub/support.ts";
import { createManualClock, type ManualClock } from "../../support/manual_clock.ts";

const EXPORT = { kind: "export", owner: "ann", ttlS: 300 };
const RETAIN_MS = 600_000;

/** An isolate over shared state. It may end, and another begin. */
function isolateOver(clock: ManualClock, state: SharedState) {
  const test = createHubOver(clock, state, settings({ retainMs: RETAIN_MS }));
  let n = 0;
  const operations = createOperations({
    world: {
      clock,
      random: () => (n += 0.618) % 1,
      log: { debug() {}, info() {}, warn() {}, error: (message) => void test.lines.push(message) },
    },
    hub: test.hub,
    store: state.store,
    retainMs: RETAIN_MS,
    maxEventBytes: 65_536,
  });
  return Object.assign(test, {
    operations,
    async follow(id: string, cursor?: string) {
      const wishes = [{ topic: operationTopic(id), tags: null }];
      const client = createClient(await test.hub.subscribe({ wishes, cursor })).live();
      await clock.advance(0);
      return client;
    },
  });
}

function createShared() {
  const clock = createManualClock();
  const state = createMemoryState({ clock, random: () => 0.5 }, {
    retainEvents: 1000,
    retainMs: RETAIN_MS,
  });
  return { clock, state, isolate: () => isolateOver(clock, state) };
}

async function typesOf({ log }: SharedState, id: string): Promise<string[]> {
  const { events } = await log.latest(operationTopic(id), 1_000_000);
  return events.map(({ type }) => type);
}

Deno.test("a change made by one isolate is seen by who follows on another (S4-3, S4 defect 2)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.operations.create(EXPORT);
  await using client = await other.follow(id);
  await one.operations.report(id, { progress: 0.5 });
  await clock.advance(20);
  await one.operations.report(id, { state: "completed", result: [1] });
  await clock.advance(20);
  const states = client.frames.map(({ event }) => event);
  assertEquals(states, ["sync", "progress", "progress", "completed", "bye"]);
});

Deno.test("an operation that is followed stalls and expires before its followers' eyes, by nobody's asking (S4-19)", async () => {
  const { clock, state, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.operations.create(EXPORT);
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
  assertEquals(await typesOf(state, id), ["progress", "progress", "expired"], "once each");
});

for (
  const [who, look] of [
    ["who asks", async ({ operations }, id) => void await operations.look(id)],
    ["who reports", async ({ operations }, id) => {
      assertEquals(await operations.report(id, { progress: 1 }), "over");
    }],
    ["who cancels", async ({ operations }, id) => {
      assertEquals(await operations.cancel(id), "over");
    }],
    ["who follows", async (isolate, id) => void await (await isolate.follow(id)).hangUp()],
  ] satisfies [string, (isolate: ReturnType<typeof isolateOver>, id: string) => Promise<void>][]
) {
  Deno.test(`an operation whose isolates are all gone is seen to have expired by ${who}`, async () => {
    const { clock, state, isolate } = createShared();
    const gone = isolate();
    const { operation: { id } } = await gone.operations.create(EXPORT);
    await gone[Symbol.asyncDispose]();
    await clock.advance(400_000);
    assertEquals(await typesOf(state, id), ["progress"]);
    await using fresh = isolate();
    await look(fresh, id);
    assertEquals(await typesOf(state, id), ["progress", "expired"]);
    assertEquals((await fresh.operations.look(id))?.operation.state, "expired");
  });
}

Deno.test("of all who end an operation at once, one does", async () => {
  const { state, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { operation: { id } } = await one.operations.create(EXPORT);
  const outcomes = await Promise.all([
    one.operations.report(id, { state: "completed" }),
    other.operations.report(id, { state: "failed" }),
    one.operations.cancel(id),
    other.operations.report(id, { state: "completed", result: 2 }),
  ]);
  assertEquals(outcomes.filter((each) => each === "over").length, 3);
  assertEquals((await typesOf(state, id)).length, 2);
});

Deno.test("of all who end an operation alike and at once, one does", async () => {
  const { clock, state, isolate } = createShared();
  await using one = isolate();
  const cancelled = await one.operations.create(EXPORT);
  await Promise.all([1, 2].map(() => one.operations.cancel(cancelled.operation.id)));
  assertEquals(await typesOf(state, cancelled.operation.id), ["progress", "cancelled"]);
  const expired = await one.operations.create(EXPORT);
  await clock.advance(300_000);
  await Promise.all([1, 2].map(() => one.operations.look(expired.operation.id)));
  assertEquals(await typesOf(state, expired.operation.id), ["progress", "expired"]);
});

Deno.test("an operation is kept for LOG_RETAIN_MS after its end, and then is none (S4 defect 3)", async () => {
  const { clock, state, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.operations.create(EXPORT);
  await clock.advance(1000);
  await one.operations.cancel(id);
  await clock.advance(RETAIN_MS - 1);
  assertEquals((await one.operations.look(id))?.operation.state, "cancelled");
  await clock.advance(2);
  assertEquals(await one.operations.look(id), null);
  assertEquals(await one.operations.report(id, {}), null);
  assertEquals(await typesOf(state, id), []);
});

Deno.test("one that nobody looks at is kept as long as if it had been seen to expire", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.operations.create(EXPORT);
  await clock.advance(300_000 + RETAIN_MS - 1);
  assertEquals((await one.operations.look(id))?.operation.state, "expired");
});

Deno.test("a watch ends with its last follower", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const { operation: { id } } = await one.operations.create(EXPORT);
  const client = await one.follow(id);
  await client.hangUp();
  await clock.advance(60_000);
  assertEquals(clock.timers, 0);
});

Deno.test("create() with a key that came before is the same operation, also where the first died half way", async () => {
  const { clock, state, isolate } = createShared();
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
  const first = await one.operations.create(EXPORT, once);
  await one.operations.report(first.operation.id, { progress: 0.5 });
  assertEquals(await one.operations.create(EXPORT, once), first);
  const kept = await one.operations.look(first.operation.id);
  assert(kept !== null);
  assertEquals(kept.operation.progress, 0.5);
  assertEquals(await typesOf(state, first.operation.id), ["progress", "progress"]);
});
