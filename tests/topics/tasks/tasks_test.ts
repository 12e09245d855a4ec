/** Tasks of several isolates over one shared state. Workers, isolates and the store come and go. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { LogMessage } from "../../../lib/core/event.ts";
import { Problem } from "../../../lib/core/problem.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import type { IdempotencyKey } from "../../../lib/store/event_log.ts";
import { newTask, reportTask, type Task, type TaskReport } from "../../../lib/topics/tasks/task.ts";
import { createTasks, MAX_OPEN_TASKS } from "../../../lib/topics/tasks/tasks.ts";
import { type Context, createShared as createSharedOf, refusalOf, RETAIN_MS } from "../isolates.ts";

const WORK = { sessionId: "s", owner: "ann" };

function createRecords(context: Context) {
  const tasks = createTasks(context);
  return {
    ...tasks,
    async begin(input: typeof WORK, key?: IdempotencyKey) {
      return (await tasks.create((id, now) => newTask(input, id, now), key)).task;
    },
    look: async (id: string) => (await tasks.get(id))?.task ?? null,
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
      const own: unknown = Reflect.get(target, name);
      if (typeof own !== "function") return own;
      return async (...args: unknown[]) => {
        const when = fault(String(name));
        if (when === "before") throw new StoreUnavailable();
        const answer: unknown = await Reflect.apply(own, target, args);
        if (when === "after") throw new StoreUnavailable();
        return answer;
      };
    },
  });
}

function createShared() {
  const shared = createSharedOf(createRecords);
  const { state, isolate } = shared;
  return {
    ...shared,
    /** Creates an isolate whose calls to the store fail on request. */
    shaky(fault: Fault) {
      const { log, store } = state;
      const append = withFaults({ append: log.append }, fault).append;
      return isolate({ ...state, store: withFaults(store, fault), log: { ...log, append } });
    },
    /** Creates an isolate that can be cut off from publications until it joins the log again. */
    broken() {
      let isCut = false;
      let joined: LogMessage | undefined;
      let follower: TransformStreamDefaultController<LogMessage> | undefined;
      const gate = () =>
        new TransformStream<LogMessage, LogMessage>({
          start: (controller) => void (follower = controller),
          transform(delivery, controller) {
            if (delivery.kind === "joined") joined = delivery;
            if (!isCut) controller.enqueue(delivery);
          },
        });
      const log = { ...state.log, subscribe: () => state.log.subscribe().pipeThrough(gate()) };
      return {
        isolate: isolate({ ...state, log }),
        breakOff: () => void (isCut = true),
        async rejoin() {
          assert(joined?.kind === "joined");
          isCut = false;
          follower?.enqueue({ ...joined, head: await state.log.head() });
        },
      };
    },
    async states(id: string): Promise<string[]> {
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

async function claimOf(tasks: Records, id: string): Promise<string> {
  return (await tasks.claim(id)).claim;
}

async function idsIn(tasks: Records): Promise<string[]> {
  return (await tasks.list()).open.map(({ task }) => task.task_id);
}

Deno.test("a worker on another isolate receives a task, claims it and ends it; its claim is secret (S0-3, S0-4)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  await using worker = await other.follow();
  const { task_id: id } = await one.records.begin(WORK);
  await clock.advance(20);
  const claim = await claimOf(other.records, id);
  await other.records.report(id, { claim, progress: 0.5 });
  await clock.advance(20);
  await other.records.report(id, { claim, state: "completed", result: { rows: 3 } });
  await clock.advance(20);
  const received: Task[] = worker.dataOf("task").map((each) => JSON.parse(JSON.stringify(each)));
  assertEquals(received.map(({ state }) => state), ["waiting", "claimed", "running", "completed"]);
  assertEquals((await one.records.look(id))?.result, { rows: 3 });
  assert(!JSON.stringify([worker.frames, await one.records.look(id)]).includes(claim));
  assertEquals(await idsIn(one.records), []);
});

Deno.test("an expired claim is published once for the subscribers of every isolate, without a request (S0-7)", async () => {
  const { clock, isolate, states } = createShared();
  await using one = isolate();
  await using other = isolate();
  await using first = await one.follow();
  await using second = await other.follow();
  const { task_id: id } = await one.records.begin(WORK);
  await clock.advance(3000);
  const lost = await claimOf(one.records, id);
  await clock.advance(10_000);
  await one.records.report(id, { claim: lost });
  await clock.advance(29_900);
  assertEquals((await states(id)).at(-1), "running");
  await clock.advance(200);
  const all = ["waiting", "claimed", "running", "waiting"];
  assertEquals(await states(id), all);
  for (const worker of [first, second]) assertEquals(worker.dataOf("task").length, all.length);

  const next = await claimOf(other.records, id);
  const late = () => one.records.report(id, { claim: lost, state: "completed" });
  assertEquals(await refusalOf(late), "claim_lost");
  const done = await other.records.report(id, { claim: next, state: "completed" });
  assertEquals([done.state, done.attempts], ["completed", 2]);
  assertEquals(await refusalOf(late), "task_over");
});

Deno.test("a task whose three workers die fails while workers are subscribed (S0-7)", async () => {
  const { clock, isolate, states } = createShared();
  await using one = isolate();
  await using _worker = await one.follow();
  const { task_id: id } = await one.records.begin(WORK);
  for (const _ of [1, 2, 3]) {
    await claimOf(one.records, id);
    await clock.advance(31_000);
  }
  assertEquals((await states(id)).slice(-3), ["waiting", "claimed", "failed"]);
  const { error } = await one.records.look(id) ?? {};
  assertEquals(Object(error).code, "claims_lapsed");
  assertEquals(await idsIn(one.records), []);
});

Deno.test("a claimed task refuses another claim, with the delay until it expires", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { task_id: id } = await one.records.begin(WORK);
  await claimOf(one.records, id);
  await clock.advance(12_000);
  const { code, options } = await assertRejects(() => other.records.claim(id), Problem);
  assertEquals([code, options.retryAfterMs], ["task_claimed", 18_000]);
  await clock.advance(18_000);
  await claimOf(other.records, id);
});

Deno.test("tasks outlive every isolate: the next one lists those that wait and those whose workers died (S0-31)", async () => {
  const { clock, isolate, states } = createShared();
  const gone = isolate();
  const [waiting, worked] = [await gone.records.begin(WORK), await gone.records.begin(WORK)];
  await claimOf(gone.records, worked.task_id);
  await gone[Symbol.asyncDispose]();
  await clock.advance(300_000);
  await using fresh = isolate();
  assertEquals(await idsIn(fresh.records), [waiting.task_id, worked.task_id]);
  assertEquals(await states(worked.task_id), ["waiting", "claimed", "waiting"]);
});

Deno.test("a subscription from the list's cursor misses nothing (S0-3)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const before = await one.records.begin(WORK);
  const { open, cursor } = await one.records.list();
  const after = await one.records.begin(WORK);
  await using worker = await one.follow("", cursor);
  await clock.advance(20);
  assertEquals(open.map(({ task }) => task.task_id), [before.task_id]);
  assertEquals(worker.dataOf("task").map((each) => Object(each).task_id), [after.task_id]);
});

Deno.test("the list's cursor comes before the list: a task created during the read is delivered", async () => {
  const { clock, state, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { all } = state.store;
  let late = "";
  state.store.all = async (openIndex) => {
    const found = await all(openIndex);
    late = (await other.records.begin(WORK)).task_id;
    return found;
  };
  const { open, cursor } = await one.records.list();
  state.store.all = all;
  assertEquals(open, []);
  await using worker = await one.follow("", cursor);
  await clock.advance(20);
  assertEquals(worker.dataOf("task").map((each) => Object(each).task_id), [late]);
});

Deno.test("100 tasks created together on two isolates are distinct, and ten workers claim and end each once (S0-3, S0-22)", async () => {
  const { isolate, states } = createShared();
  await using one = isolate();
  await using other = isolate();
  const both = [one.records, other.records];
  const begun = await Promise.all(
    Array.from({ length: 100 }, (_, n) => both[n % 2]?.begin(WORK)),
  );
  const ids = begun.map((task) => task?.task_id ?? "");
  assertEquals(new Set(ids).size, 100);

  const claims: string[] = [];
  async function work(tasks: Records): Promise<void> {
    for (const id of await idsIn(tasks)) {
      const claim = await tasks.claim(id).catch(() => null);
      if (claim === null) continue;
      claims.push(id);
      await tasks.report(id, { claim: claim.claim, state: "completed" });
    }
  }
  const workers = Array.from(
    { length: 10 },
    (_, n) => work(n % 2 === 0 ? one.records : other.records),
  );
  await Promise.all(workers);
  assertEquals(claims.toSorted(), ids.toSorted());
  for (const id of ids) assertEquals(await states(id), ["waiting", "claimed", "completed"]);
  assertEquals(await idsIn(one.records), []);
});

Deno.test("of several simultaneous ends, on two isolates and at the end of the claim, one is stored (S0-7)", async () => {
  const { clock, isolate, states } = createShared();
  await using one = isolate();
  await using other = isolate();
  for (const late of [0, 30_000]) {
    const { task_id: id } = await one.records.begin(WORK);
    let claim = "";
    for (const left of [30_000, 30_000, late]) {
      claim = await claimOf(one.records, id);
      await clock.advance(left);
    }
    await Promise.all([
      refusalOf(() => one.records.report(id, { claim, state: "completed" })),
      refusalOf(() => other.records.report(id, { claim, state: "failed" })),
      other.records.look(id),
      refusalOf(() => one.records.report(id, { claim, state: "completed", result: 2 })),
      one.records.look(id),
      refusalOf(() => other.records.claim(id)),
    ]);
    const ends = (await states(id)).filter((each) => each === "completed" || each === "failed");
    assertEquals(ends.length, 1, `${late} ms late`);
  }
});

for (const when of ["before", "after"] as const) {
  Deno.test(`if any one call to the store fails ${when} it has run, the list has every open task and no other (S0-31)`, async () => {
    // One call in the task's lifetime fails: the n-th, for every n.
    for (let n = 1, calls = n; n <= calls; n++) {
      const { isolate, shaky, states } = createShared();
      calls = 0;
      await using one = shaky(() => ++calls === n ? when : null);
      const idempotencyKey = { key: `${n}`, fingerprint: "a" };
      const begin = () => one.records.begin(WORK, idempotencyKey);
      // Without an answer, the caller repeats the request: with the same key it is one task.
      const { task_id: id } = await begin().catch(begin);
      await one.records.list().catch(() => {});
      const claim = await one.records.claim(id).catch(() => null);
      const report = { claim: claim?.claim ?? "", state: "completed" } as const;
      await one.records.report(id, report).catch(() => {});

      await using fresh = isolate();
      const task = await fresh.records.look(id);
      assertNotEquals(task, null);
      const isOpen = task?.state !== "completed";
      assertEquals(await idsIn(fresh.records), isOpen ? [id] : [], `call ${n} of ${calls}`);
      assertEquals((await states(id)).filter((each) => each === "waiting").length, 1);
    }
  });
}

Deno.test(`at most ${MAX_OPEN_TASKS} tasks are open: the next one is refused until one ends, a repeated one is not (S0-7)`, async () => {
  const { isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const idempotencyKey = { key: "first", fingerprint: "a" };
  const first = await one.records.begin(WORK, idempotencyKey);
  const more = Array.from({ length: MAX_OPEN_TASKS + 20 }, (_, n) => n % 2 === 0 ? one : other);
  const outcomes = await Promise.allSettled(more.map(({ records }) => records.begin(WORK)));
  const refusals = outcomes.filter((each) => each.status === "rejected");
  assertEquals(refusals.length, 21);
  const { reason } = refusals[0] ?? {};
  assert(reason instanceof Problem);
  const { status, code, options } = reason;
  assertEquals([status, code, options.retryAfterMs], [503, "queue_full", 10_000]);
  assertEquals((await one.records.begin(WORK, idempotencyKey)).task_id, first.task_id);

  const claim = await claimOf(other.records, first.task_id);
  await other.records.report(first.task_id, { claim, state: "failed" });
  await one.records.begin(WORK);
  await assertRejects(() => one.records.begin(WORK), Problem);
});

Deno.test("a task is stored for LOG_RETAIN_MS after its end, and no repeated request creates it again (S0-4)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const idempotencyKey = { key: "k", fingerprint: "a" };
  const { task_id: id } = await one.records.begin(WORK, idempotencyKey);
  const claim = await claimOf(one.records, id);
  await one.records.report(id, { claim, state: "completed" });
  await clock.advance(RETAIN_MS - 1);
  assertEquals((await one.records.look(id))?.state, "completed");
  await clock.advance(2);
  assertEquals(await one.records.look(id), null);
  for (const step of [() => one.records.claim(id), () => one.records.report(id, { claim })]) {
    assertEquals(await refusalOf(step), "unknown_task");
  }
  assertEquals((await one.records.begin(WORK, idempotencyKey)).task_id, id);
  assertEquals([await one.records.look(id), await idsIn(one.records)], [null, []]);
});

Deno.test("with a subscribed worker the store is read once in 30 s of work, and not at all without work (S0-13)", async () => {
  const { clock, state, isolate } = createShared();
  let reads = 0;
  const { all } = state.store;
  state.store.all = (openIndex) => (reads++, all(openIndex));
  await using one = isolate();
  await using worker = await one.follow();
  assertEquals(reads, 1);
  await clock.advance(1_000_000);
  assertEquals(reads, 1, "nothing happens");
  const { task_id: id } = await one.records.begin(WORK);
  const claim = await claimOf(one.records, id);
  for (let s = 0; s < 600; s += 5) {
    await one.records.report(id, { claim });
    await clock.advance(5000);
  }
  assert(reads > 15 && reads <= 25, `${reads} reads in ten minutes of work`);
  await worker.hangUp();
  await clock.advance(61_000);
  assertEquals(clock.timers, 0);
});

Deno.test("the expiry timer continues after an outage of the store", async () => {
  const { clock, shaky, states } = createShared();
  let isAway = false;
  await using one = shaky(() => isAway ? "before" : null);
  await using _worker = await one.follow();
  const { task_id: id } = await one.records.begin(WORK);
  await claimOf(one.records, id);
  isAway = true;
  await clock.advance(40_000);
  assertEquals((await states(id)).at(-1), "claimed");
  isAway = false;
  await clock.advance(5100);
  assertEquals((await states(id)).at(-1), "waiting");
});

Deno.test("a claim that this isolate did not receive expires all the same: after a reconnect it checks again (S0-7)", async () => {
  const { clock, broken, isolate, states } = createShared();
  const { isolate: deaf, breakOff, rejoin } = broken();
  await using one = deaf;
  await using other = isolate();
  await using worker = await one.follow();
  breakOff();
  const { task_id: id } = await other.records.begin(WORK);
  await claimOf(other.records, id);
  await clock.advance(1000);
  assertEquals(worker.dataOf("task"), []);
  await rejoin();
  await clock.advance(31_000);
  assertEquals(await states(id), ["waiting", "claimed", "waiting"]);
  assertEquals(worker.dataOf("task").length, 3);
});

Deno.test("createdBy() is null if the creation failed (S0-31)", async () => {
  const { shaky } = createShared();
  await using one = shaky((name) => name === "append" ? "before" : null);
  const idempotencyKey = { key: "k", fingerprint: "a" };
  await assertRejects(() => one.records.begin(WORK, idempotencyKey), StoreUnavailable);
  assertEquals(await one.records.createdBy(idempotencyKey), null);
});

Deno.test("a wall clock that is set back delays neither the expiry of a claim nor the statistics", async () => {
  const { clock, state, isolate } = createShared();
  let reads = 0;
  const { all } = state.store;
  state.store.all = (openIndex) => (reads++, all(openIndex));
  await using one = isolate();
  await using _worker = await one.follow();
  await one.records.queueStats();
  clock.shiftWallClock(-600_000);
  const before = reads;
  await clock.advance(30_000);
  await one.records.queueStats();
  assertEquals(reads, before + 1, "the statistics are read again");
  const { task_id: id } = await one.records.begin(WORK);
  await one.records.claim(id);
  await clock.advance(30_100);
  assertEquals((await one.records.look(id))?.state, "waiting");
});

Deno.test("a wall clock that is set forward does not postpone the expiry of later claims", async () => {
  const { clock, isolate, states } = createShared();
  await using one = isolate();
  await using _worker = await one.follow();
  await one.records.begin(WORK);
  await clock.advance(31_000); // the next check is due in a day
  clock.shiftWallClock(2 * 86_400_000);
  const { task_id: id } = await one.records.begin(WORK);
  await claimOf(one.records, id);
  await clock.advance(61_000);
  assertEquals(await states(id), ["waiting", "claimed", "waiting"]);
});

Deno.test("queueStats() reads the queue at most twice per minute, and repeats the last statistics while the store is unavailable (S0-7)", async () => {
  const { clock, state, isolate, shaky } = createShared();
  let calls = 0;
  const { all } = state.store;
  state.store.all = (openIndex) => (calls++, all(openIndex));
  let isAway = false;
  await using one = shaky((name) => isAway && name === "all" ? "before" : null);
  await using other = isolate();
  await other.records.begin(WORK);
  await clock.advance(60_000);
  assertEquals(calls, 0);
  const first = await one.records.queueStats();
  assertEquals(first, { counts: { waiting: 1, claimed: 0, running: 0 }, oldestAgeS: 60 });
  await other.records.begin(WORK);
  assertEquals([await one.records.queueStats(), calls], [first, 1]);
  isAway = true;
  await clock.advance(30_000);
  assertEquals(await one.records.queueStats(), first);
  isAway = false;
  await clock.advance(30_000);
  assertEquals((await one.records.queueStats()).counts.waiting, 2);
});
