/** Operations of several isolates over one shared state. */
import { assert, assertEquals } from "@std/assert";
import type { IdempotencyKey } from "../../../lib/store/event_log.ts";
import {
  cancelOperation,
  createOperations,
  type NewOperation,
  newOperation,
  type OperationReport,
  reportOperation,
} from "../../../lib/topics/operations/operation.ts";
import { createTopicRegistry } from "../../../lib/topics/registry.ts";
import type { ResourceContext } from "../../../lib/topics/resource.ts";
import { createShared as createSharedOf, type Isolate, refusalOf, RETAIN_MS } from "../isolates.ts";

const TTL_S = 300;
const TTL_MS = TTL_S * 1000;
const EXPORT = { kind: "export", owner: "ann", ttlS: TTL_S };

function createRecords(context: ResourceContext) {
  const operations = createOperations(context);
  return {
    ...operations,
    create: (input: NewOperation, key?: IdempotencyKey) =>
      operations.create((id, now) => newOperation(input, id, now), key),
    report: (id: string, report: OperationReport) =>
      operations.report(id, (record, now) => reportOperation(record, report, now)),
    cancel: (id: string) => operations.update(id, cancelOperation),
  };
}

type Records = ReturnType<typeof createRecords>;

const createShared = () => createSharedOf(createRecords);

Deno.test("a report on one isolate reaches a subscriber of another", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { operation: { id } } = await isolateA.records.create(EXPORT);
  await using client = await isolateB.subscribe(id);
  await isolateA.records.report(id, { progress: 0.5 });
  await clock.advance(20);
  await isolateA.records.report(id, { state: "completed", result: [1] });
  await clock.advance(20);
  const states = client.frames.map(({ event }) => event);
  assertEquals(states, ["sync", "progress", "progress", "completed", "bye"]);
});

Deno.test("a subscribed operation stalls and expires on time, once for all isolates", async () => {
  const { clock, startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { operation: { id } } = await isolateA.records.create(EXPORT);
  await using client = await isolateA.subscribe(id);
  await using second = await isolateB.subscribe(id);
  await clock.advance(TTL_MS + 100);
  for (const { frames: allFrames } of [client, second]) {
    const frames = allFrames.filter(({ event }) => event !== "heartbeat");
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
  const [request, send] of [
    ["a read", async ({ records }, id) => void await records.get(id)],
    ["a report", async ({ records }, id) => {
      assertEquals(await refusalOf(() => records.report(id, { progress: 1 })), "operation_over");
    }],
    ["a cancellation", async ({ records }, id) => {
      assertEquals(await refusalOf(() => records.cancel(id)), "operation_over");
    }],
    ["a subscription", async (isolate, id) => void await (await isolate.subscribe(id)).hangUp()],
  ] satisfies [string, (isolate: Isolate<Records>, id: string) => Promise<void>][]
) {
  Deno.test(`an operation that no isolate watched expires by ${request}`, async () => {
    const { clock, startIsolate, typesOf } = createShared();
    const stoppedIsolate = startIsolate();
    const { operation: { id } } = await stoppedIsolate.records.create(EXPORT);
    await stoppedIsolate[Symbol.asyncDispose]();
    await clock.advance(TTL_MS + 100_000);
    assertEquals(await typesOf(id), ["progress"]);
    await using newIsolate = startIsolate();
    await send(newIsolate, id);
    assertEquals(await typesOf(id), ["progress", "expired"]);
    assertEquals((await newIsolate.records.get(id))?.operation.state, "expired");
  });
}

Deno.test("of several simultaneous ends, one is stored", async () => {
  const { startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { operation: { id } } = await isolateA.records.create(EXPORT);
  const outcomes = await Promise.all([
    refusalOf(() => isolateA.records.report(id, { state: "completed" })),
    refusalOf(() => isolateB.records.report(id, { state: "failed" })),
    refusalOf(() => isolateA.records.cancel(id)),
    refusalOf(() => isolateB.records.report(id, { state: "completed", result: 2 })),
  ]);
  assertEquals(outcomes.filter((code) => code === "operation_over").length, 3);
  assertEquals((await typesOf(id)).length, 2);
});

Deno.test("of two equal simultaneous ends, by a request or by time, one is stored", async () => {
  const { clock, startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  const cancelled = await isolateA.records.create(EXPORT);
  await Promise.all([1, 2].map(() => isolateA.records.cancel(cancelled.operation.id)));
  assertEquals(await typesOf(cancelled.operation.id), ["progress", "cancelled"]);
  const expired = await isolateA.records.create(EXPORT);
  await clock.advance(TTL_MS);
  await Promise.all([1, 2].map(() => isolateA.records.get(expired.operation.id)));
  assertEquals(await typesOf(expired.operation.id), ["progress", "expired"]);
});

Deno.test("an operation is stored for LOG_RETAIN_MS after its end", async () => {
  const { clock, startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  const { operation: { id } } = await isolateA.records.create(EXPORT);
  await clock.advance(1000);
  await isolateA.records.cancel(id);
  await clock.advance(RETAIN_MS - 1);
  assertEquals((await isolateA.records.get(id))?.operation.state, "cancelled");
  await clock.advance(2);
  assertEquals(await isolateA.records.get(id), null);
  assertEquals(await refusalOf(() => isolateA.records.report(id, {})), "unknown_operation");
  assertEquals(await typesOf(id), []);
});

Deno.test("an operation without readers is stored as long as one that has expired", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  const { operation: { id } } = await isolateA.records.create(EXPORT);
  await clock.advance(TTL_MS + RETAIN_MS - 1);
  assertEquals((await isolateA.records.get(id))?.operation.state, "expired");
});

Deno.test("the expiry timer stops with the last subscriber", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  const { operation: { id } } = await isolateA.records.create(EXPORT);
  const client = await isolateA.subscribe(id);
  await client.hangUp();
  await clock.advance(60_000);
  assertEquals(clock.timers, 0);
});

Deno.test("create() with a known idempotency key completes a creation that crashed, and returns the first operation", async () => {
  const { clock, state, startIsolate, typesOf } = createShared();
  await using isolateA = startIsolate();
  const idempotencyKey = { key: "POST /v1/operations 1", fingerprint: "a" };
  // The isolate crashes between the key and the record.
  const crashingRecords = createRecords({
    runtime: { clock, random: () => 0.25, log: { debug() {}, info() {}, warn() {}, error() {} } },
    hub: {
      updateAndPublish: () => Promise.reject(new Error("The isolate crashed")),
      whileSubscribed() {},
      onPublished() {},
      onJoined() {},
    },
    registry: createTopicRegistry(),
    store: state.store,
    retainMs: RETAIN_MS,
    maxEventBytes: 65_536,
  });
  await crashingRecords.create(EXPORT, idempotencyKey).catch(() => {});
  const first = await isolateA.records.create(EXPORT, idempotencyKey);
  await isolateA.records.report(first.operation.id, { progress: 0.5 });
  assertEquals(await isolateA.records.create(EXPORT, idempotencyKey), first);
  const record = await isolateA.records.get(first.operation.id);
  assert(record !== null);
  assertEquals(record.operation.progress, 0.5);
  assertEquals(await typesOf(first.operation.id), ["progress", "progress"]);
});
