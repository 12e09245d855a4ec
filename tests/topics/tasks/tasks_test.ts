/** Tasks of several isolates over one shared state. Workers and isolates stop, and the store fails. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { LogMessage } from "../../../lib/core/event.ts";
import { Problem } from "../../../lib/core/problem.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import { DAY_MS } from "../../../lib/core/time.ts";
import type { IdempotencyKey } from "../../../lib/store/event_log.ts";
import {
  CLAIM_MS,
  newTask,
  reportTask,
  type Task,
  type TaskReport,
} from "../../../lib/topics/tasks/task.ts";
import { createTasks, MAX_OPEN_TASKS } from "../../../lib/topics/tasks/tasks.ts";
import { type Context, createShared as createSharedOf, refusalOf, RETAIN_MS } from "../isolates.ts";

const NEW_TASK = { sessionId: "s", owner: "ann" };

function createRecords(context: Context) {
  const tasks = createTasks(context);
  return {
    ...tasks,
    async createTask(input: typeof NEW_TASK, key?: IdempotencyKey) {
      return (await tasks.create((id, now) => newTask(input, id, now), key)).task;
    },
    getTask: async (id: string) => (await tasks.get(id))?.task ?? null,
    async report(id: string, report: TaskReport) {
      return (await tasks.report(id, (record, now) => reportTask(record, report, now))).task;
    },
  };
}

type Records = ReturnType<typeof createRecords>;

/** A fault of the store: a call fails before it runs, or after. */
type Fault = (name: string) => "before" | "after" | null;

function withFaults<Part extends object>(part: Part, fault: Fault): Part {
  return new Proxy(part, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        const failureAt = fault(String(name));
        if (failureAt === "before") throw new StoreUnavailable();
        const result: unknown = await Reflect.apply(method, target, args);
        if (failureAt === "after") throw new StoreUnavailable();
        return result;
      };
    },
  });
}

function createShared() {
  const shared = createSharedOf(createRecords);
  const { state, startIsolate } = shared;
  return {
    ...shared,
    /** Creates an isolate whose calls to the store fail on request. */
    startFaultyIsolate(fault: Fault) {
      const { log, store } = state;
      const append = withFaults({ append: log.append }, fault).append;
      return startIsolate({ ...state, store: withFaults(store, fault), log: { ...log, append } });
    },
    /** Creates an isolate that can be cut off from publications until it joins the log again. */
    startDetachableIsolate() {
      let isCut = false;
      let joined: LogMessage | undefined;
      let gateController: TransformStreamDefaultController<LogMessage> | undefined;
      const gate = () =>
        new TransformStream<LogMessage, LogMessage>({
          start: (controller) => void (gateController = controller),
          transform(message, controller) {
            if (message.kind === "joined") joined = message;
            if (!isCut) controller.enqueue(message);
          },
        });
      const log = { ...state.log, subscribe: () => state.log.subscribe().pipeThrough(gate()) };
      return {
        isolate: startIsolate({ ...state, log }),
        detach: () => void (isCut = true),
        async rejoin() {
          assert(joined?.kind === "joined");
          isCut = false;
          gateController?.enqueue({ ...joined, head: await state.log.head() });
        },
      };
    },
    async statesOf(id: string): Promise<string[]> {
      const { events } = await state.log.latest({
        name: "tasks",
        kind: "log",
        access: "publishers",
        metricKind: "tasks",
        events: {},
      }, 10_000_000);
      const tasks = events.map(({ json }): Task => JSON.parse(json));
      return tasks.filter(({ task_id }) => task_id === id).map(({ state }) => state);
    },
  };
}

async function takeClaim(tasks: Records, id: string): Promise<string> {
  return (await tasks.claim(id)).claim;
}

async function openTaskIds(tasks: Records): Promise<string[]> {
  return (await tasks.list()).open.map(({ task }) => task.task_id);
}

Deno.test("a worker on another isolate receives a task, claims it and ends it, and no event contains its claim (S0-3, S0-4)", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  await using worker = await isolateB.subscribe();
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  await clock.advance(20);
  const claim = await takeClaim(isolateB.records, id);
  await isolateB.records.report(id, { claim, progress: 0.5 });
  await clock.advance(20);
  await isolateB.records.report(id, { claim, state: "completed", result: { rows: 3 } });
  await clock.advance(20);
  const received: Task[] = worker.dataOf("task").map((task) => JSON.parse(JSON.stringify(task)));
  assertEquals(received.map(({ state }) => state), ["waiting", "claimed", "running", "completed"]);
  assertEquals((await isolateA.records.getTask(id))?.result, { rows: 3 });
  assert(!JSON.stringify([worker.frames, await isolateA.records.getTask(id)]).includes(claim));
  assertEquals(await openTaskIds(isolateA.records), []);
});

Deno.test("an expired claim is published once for the subscribers of every isolate, without a request (S0-7)", async () => {
  const { clock, startIsolate, statesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  await using first = await isolateA.subscribe();
  await using second = await isolateB.subscribe();
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  await clock.advance(3000);
  const expiredClaim = await takeClaim(isolateA.records, id);
  await clock.advance(10_000);
  await isolateA.records.report(id, { claim: expiredClaim });
  await clock.advance(29_900);
  assertEquals((await statesOf(id)).at(-1), "running");
  await clock.advance(200);
  const expectedStates = ["waiting", "claimed", "running", "waiting"];
  assertEquals(await statesOf(id), expectedStates);
  for (const worker of [first, second]) {
    assertEquals(worker.dataOf("task").length, expectedStates.length);
  }

  const newClaim = await takeClaim(isolateB.records, id);
  const reportLate = () => isolateA.records.report(id, { claim: expiredClaim, state: "completed" });
  assertEquals(await refusalOf(reportLate), "claim_lost");
  const completed = await isolateB.records.report(id, { claim: newClaim, state: "completed" });
  assertEquals([completed.state, completed.attempts], ["completed", 2]);
  assertEquals(await refusalOf(reportLate), "task_over");
});

Deno.test("a task whose three workers die fails while workers are subscribed (S0-7)", async () => {
  const { clock, startIsolate, statesOf } = createShared();
  await using isolateA = startIsolate();
  await using _worker = await isolateA.subscribe();
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  for (const _ of [1, 2, 3]) {
    await takeClaim(isolateA.records, id);
    await clock.advance(31_000);
  }
  assertEquals((await statesOf(id)).slice(-3), ["waiting", "claimed", "failed"]);
  const { error } = await isolateA.records.getTask(id) ?? {};
  assertEquals(Object(error).code, "claims_lapsed");
  assertEquals(await openTaskIds(isolateA.records), []);
});

Deno.test("a claimed task refuses another claim, with the delay until it expires", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  await takeClaim(isolateA.records, id);
  await clock.advance(12_000);
  const { code, options } = await assertRejects(() => isolateB.records.claim(id), Problem);
  assertEquals([code, options.retryAfterMs], ["task_claimed", 18_000]);
  await clock.advance(18_000);
  await takeClaim(isolateB.records, id);
});

Deno.test("tasks outlive every isolate: the next one lists those that wait and those whose workers died (S0-31)", async () => {
  const { clock, startIsolate, statesOf } = createShared();
  const stoppedIsolate = startIsolate();
  const [waiting, worked] = [
    await stoppedIsolate.records.createTask(NEW_TASK),
    await stoppedIsolate.records.createTask(NEW_TASK),
  ];
  await takeClaim(stoppedIsolate.records, worked.task_id);
  await stoppedIsolate[Symbol.asyncDispose]();
  await clock.advance(300_000);
  await using newIsolate = startIsolate();
  assertEquals(await openTaskIds(newIsolate.records), [waiting.task_id, worked.task_id]);
  assertEquals(await statesOf(worked.task_id), ["waiting", "claimed", "waiting"]);
});

Deno.test("a subscription from the list's cursor misses nothing (S0-3)", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  const before = await isolateA.records.createTask(NEW_TASK);
  const { open, cursor } = await isolateA.records.list();
  const after = await isolateA.records.createTask(NEW_TASK);
  await using worker = await isolateA.subscribe("", cursor);
  await clock.advance(20);
  assertEquals(open.map(({ task }) => task.task_id), [before.task_id]);
  assertEquals(worker.dataOf("task").map((task) => Object(task).task_id), [after.task_id]);
});

Deno.test("the list's cursor comes before the list: a task created during the read is delivered", async () => {
  const { clock, state, startIsolate } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const { all } = state.store;
  let lateId = "";
  state.store.all = async (openIndex) => {
    const records = await all(openIndex);
    lateId = (await isolateB.records.createTask(NEW_TASK)).task_id;
    return records;
  };
  const { open, cursor } = await isolateA.records.list();
  state.store.all = all;
  assertEquals(open, []);
  await using worker = await isolateA.subscribe("", cursor);
  await clock.advance(20);
  assertEquals(worker.dataOf("task").map((task) => Object(task).task_id), [lateId]);
});

Deno.test("100 tasks created together on two isolates are distinct, and ten workers claim and end each once (S0-3, S0-22)", async () => {
  const { startIsolate, statesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const records = [isolateA.records, isolateB.records];
  const created = await Promise.all(
    Array.from({ length: 100 }, (_, n) => records[n % 2]?.createTask(NEW_TASK)),
  );
  const ids = created.map((task) => task?.task_id ?? "");
  assertEquals(new Set(ids).size, 100);

  const claims: string[] = [];
  async function work(tasks: Records): Promise<void> {
    for (const id of await openTaskIds(tasks)) {
      const claim = await tasks.claim(id).catch(() => null);
      if (claim === null) continue;
      claims.push(id);
      await tasks.report(id, { claim: claim.claim, state: "completed" });
    }
  }
  const workers = Array.from(
    { length: 10 },
    (_, n) => work(n % 2 === 0 ? isolateA.records : isolateB.records),
  );
  await Promise.all(workers);
  assertEquals(claims.toSorted(), ids.toSorted());
  for (const id of ids) assertEquals(await statesOf(id), ["waiting", "claimed", "completed"]);
  assertEquals(await openTaskIds(isolateA.records), []);
});

Deno.test("of several simultaneous ends, on two isolates and at the end of the claim, one is stored (S0-7)", async () => {
  const { clock, startIsolate, statesOf } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  for (const lastDelayMs of [0, CLAIM_MS]) {
    const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
    let claim = "";
    for (const delayMs of [CLAIM_MS, CLAIM_MS, lastDelayMs]) {
      claim = await takeClaim(isolateA.records, id);
      await clock.advance(delayMs);
    }
    await Promise.all([
      refusalOf(() => isolateA.records.report(id, { claim, state: "completed" })),
      refusalOf(() => isolateB.records.report(id, { claim, state: "failed" })),
      isolateB.records.getTask(id),
      refusalOf(() => isolateA.records.report(id, { claim, state: "completed", result: 2 })),
      isolateA.records.getTask(id),
      refusalOf(() => isolateB.records.claim(id)),
    ]);
    const ends = (await statesOf(id)).filter((state) =>
      state === "completed" || state === "failed"
    );
    assertEquals(ends.length, 1, `${lastDelayMs} ms after the last claim`);
  }
});

for (const when of ["before", "after"] as const) {
  Deno.test(`if any one call to the store fails ${when} it has run, the list has every open task and no other (S0-31)`, async () => {
    // One call in the task's lifetime fails: the n-th, for every n.
    for (let n = 1, calls = n; n <= calls; n++) {
      const { startIsolate, startFaultyIsolate, statesOf } = createShared();
      calls = 0;
      await using isolateA = startFaultyIsolate(() => ++calls === n ? when : null);
      const idempotencyKey = { key: `${n}`, fingerprint: "a" };
      const createTask = () => isolateA.records.createTask(NEW_TASK, idempotencyKey);
      // Without a response, the caller repeats the request: with the same key it is one task.
      const { task_id: id } = await createTask().catch(createTask);
      await isolateA.records.list().catch(() => {});
      const claim = await isolateA.records.claim(id).catch(() => null);
      const report = { claim: claim?.claim ?? "", state: "completed" } as const;
      await isolateA.records.report(id, report).catch(() => {});

      await using newIsolate = startIsolate();
      const task = await newIsolate.records.getTask(id);
      assertNotEquals(task, null);
      const isOpen = task?.state !== "completed";
      assertEquals(
        await openTaskIds(newIsolate.records),
        isOpen ? [id] : [],
        `call ${n} of ${calls}`,
      );
      assertEquals((await statesOf(id)).filter((state) => state === "waiting").length, 1);
    }
  });
}

Deno.test(`at most ${MAX_OPEN_TASKS} tasks are open: the next one is refused until one ends, a repeated one is not (S0-7)`, async () => {
  const { startIsolate } = createShared();
  await using isolateA = startIsolate();
  await using isolateB = startIsolate();
  const idempotencyKey = { key: "first", fingerprint: "a" };
  const first = await isolateA.records.createTask(NEW_TASK, idempotencyKey);
  const creators = Array.from(
    { length: MAX_OPEN_TASKS + 20 },
    (_, n) => n % 2 === 0 ? isolateA : isolateB,
  );
  const outcomes = await Promise.allSettled(
    creators.map(({ records }) => records.createTask(NEW_TASK)),
  );
  const refusals = outcomes.filter((outcome) => outcome.status === "rejected");
  assertEquals(refusals.length, 21);
  const { reason } = refusals[0] ?? {};
  assert(reason instanceof Problem);
  const { status, code, options } = reason;
  assertEquals([status, code, options.retryAfterMs], [503, "queue_full", 10_000]);
  assertEquals(
    (await isolateA.records.createTask(NEW_TASK, idempotencyKey)).task_id,
    first.task_id,
  );

  const claim = await takeClaim(isolateB.records, first.task_id);
  await isolateB.records.report(first.task_id, { claim, state: "failed" });
  await isolateA.records.createTask(NEW_TASK);
  await assertRejects(() => isolateA.records.createTask(NEW_TASK), Problem);
});

Deno.test("a task is stored for LOG_RETAIN_MS after its end, and no repeated request creates it again (S0-4)", async () => {
  const { clock, startIsolate } = createShared();
  await using isolateA = startIsolate();
  const idempotencyKey = { key: "k", fingerprint: "a" };
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK, idempotencyKey);
  const claim = await takeClaim(isolateA.records, id);
  await isolateA.records.report(id, { claim, state: "completed" });
  await clock.advance(RETAIN_MS - 1);
  assertEquals((await isolateA.records.getTask(id))?.state, "completed");
  await clock.advance(2);
  assertEquals(await isolateA.records.getTask(id), null);
  for (
    const step of [() => isolateA.records.claim(id), () => isolateA.records.report(id, { claim })]
  ) {
    assertEquals(await refusalOf(step), "unknown_task");
  }
  assertEquals((await isolateA.records.createTask(NEW_TASK, idempotencyKey)).task_id, id);
  assertEquals([await isolateA.records.getTask(id), await openTaskIds(isolateA.records)], [
    null,
    [],
  ]);
});

Deno.test("with a subscribed worker the store is read once in 30 s of work, and not at all without work (S0-13)", async () => {
  const { clock, state, startIsolate } = createShared();
  let reads = 0;
  const { all } = state.store;
  state.store.all = (openIndex) => (reads++, all(openIndex));
  await using isolateA = startIsolate();
  await using worker = await isolateA.subscribe();
  assertEquals(reads, 1);
  await clock.advance(1_000_000);
  assertEquals(reads, 1, "nothing happens");
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  const claim = await takeClaim(isolateA.records, id);
  for (let s = 0; s < 600; s += 5) {
    await isolateA.records.report(id, { claim });
    await clock.advance(5000);
  }
  assert(reads > 15 && reads <= 25, `${reads} reads in ten minutes of work`);
  await worker.hangUp();
  await clock.advance(61_000);
  assertEquals(clock.timers, 0);
});

Deno.test("the expiry timer continues after an outage of the store", async () => {
  const { clock, startFaultyIsolate, statesOf } = createShared();
  let isUnavailable = false;
  await using isolateA = startFaultyIsolate(() => isUnavailable ? "before" : null);
  await using _worker = await isolateA.subscribe();
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  await takeClaim(isolateA.records, id);
  isUnavailable = true;
  await clock.advance(40_000);
  assertEquals((await statesOf(id)).at(-1), "claimed");
  isUnavailable = false;
  await clock.advance(5100);
  assertEquals((await statesOf(id)).at(-1), "waiting");
});

Deno.test("a claim that this isolate did not receive expires all the same: after a reconnect it checks again (S0-7)", async () => {
  const { clock, startDetachableIsolate, startIsolate, statesOf } = createShared();
  const { isolate: deaf, detach, rejoin } = startDetachableIsolate();
  await using isolateA = deaf;
  await using isolateB = startIsolate();
  await using worker = await isolateA.subscribe();
  detach();
  const { task_id: id } = await isolateB.records.createTask(NEW_TASK);
  await takeClaim(isolateB.records, id);
  await clock.advance(1000);
  assertEquals(worker.dataOf("task"), []);
  await rejoin();
  await clock.advance(31_000);
  assertEquals(await statesOf(id), ["waiting", "claimed", "waiting"]);
  assertEquals(worker.dataOf("task").length, 3);
});

Deno.test("createdBy() is null if the creation failed (S0-31)", async () => {
  const { startFaultyIsolate } = createShared();
  await using isolateA = startFaultyIsolate((name) => name === "append" ? "before" : null);
  const idempotencyKey = { key: "k", fingerprint: "a" };
  await assertRejects(
    () => isolateA.records.createTask(NEW_TASK, idempotencyKey),
    StoreUnavailable,
  );
  assertEquals(await isolateA.records.createdBy(idempotencyKey), null);
});

Deno.test("a wall clock that is set back delays neither the expiry of a claim nor the statistics", async () => {
  const { clock, state, startIsolate } = createShared();
  let reads = 0;
  const { all } = state.store;
  state.store.all = (openIndex) => (reads++, all(openIndex));
  await using isolateA = startIsolate();
  await using _worker = await isolateA.subscribe();
  await isolateA.records.queueStats();
  clock.shiftWallClock(-600_000);
  const before = reads;
  await clock.advance(30_000);
  await isolateA.records.queueStats();
  assertEquals(reads, before + 1, "the statistics are read again");
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  await isolateA.records.claim(id);
  await clock.advance(30_100);
  assertEquals((await isolateA.records.getTask(id))?.state, "waiting");
});

Deno.test("a wall clock that is set forward does not postpone the expiry of later claims", async () => {
  const { clock, startIsolate, statesOf } = createShared();
  await using isolateA = startIsolate();
  await using _worker = await isolateA.subscribe();
  await isolateA.records.createTask(NEW_TASK);
  await clock.advance(31_000); // the next check is due in a day
  clock.shiftWallClock(2 * DAY_MS);
  const { task_id: id } = await isolateA.records.createTask(NEW_TASK);
  await takeClaim(isolateA.records, id);
  await clock.advance(61_000);
  assertEquals(await statesOf(id), ["waiting", "claimed", "waiting"]);
});

Deno.test("queueStats() reads the queue at most twice per minute, and repeats the last statistics while the store is unavailable (S0-7)", async () => {
  const { clock, state, startIsolate, startFaultyIsolate } = createShared();
  let calls = 0;
  const { all } = state.store;
  state.store.all = (openIndex) => (calls++, all(openIndex));
  let isUnavailable = false;
  await using isolateA = startFaultyIsolate((name) =>
    isUnavailable && name === "all" ? "before" : null
  );
  await using isolateB = startIsolate();
  await isolateB.records.createTask(NEW_TASK);
  await clock.advance(60_000);
  assertEquals(calls, 0);
  const first = await isolateA.records.queueStats();
  assertEquals(first, { counts: { waiting: 1, claimed: 0, running: 0 }, oldestAgeS: 60 });
  await isolateB.records.createTask(NEW_TASK);
  assertEquals([await isolateA.records.queueStats(), calls], [first, 1]);
  isUnavailable = true;
  await clock.advance(30_000);
  assertEquals(await isolateA.records.queueStats(), first);
  isUnavailable = false;
  await clock.advance(30_000);
  assertEquals((await isolateA.records.queueStats()).counts.waiting, 2);
});
