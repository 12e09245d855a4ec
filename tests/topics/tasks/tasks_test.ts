/** Tasks of several isolates, over what they share: workers come and go, and so do isolates and the store. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { LogMessage } from "../../../lib/core/event.ts";
import { Problem } from "../../../lib/core/problem.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import type { Task } from "../../../lib/topics/tasks/task.ts";
import { createTasks, MOST_OPEN, type Tasks } from "../../../lib/topics/tasks/tasks.ts";
import { tasksTopic } from "../../../lib/topics/tasks/topic.ts";
import { createShared as createSharedOf, RETAIN_MS } from "../isolates.ts";

const WORK = { sessionId: "s", owner: "ann" };

/** What a test may do to the store: let calls fail before they are done, or after. */
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
  const shared = createSharedOf(createTasks, () => tasksTopic);
  const { state, isolate } = shared;
  return {
    ...shared,
    /** One whose calls to the store fail when `fault` says so. */
    shaky(fault: Fault) {
      const { log, store } = state;
      const append = withFaults({ append: log.append }, fault).append;
      return isolate({ ...state, store: withFaults(store, fault), log: { ...log, append } });
    },
    /** One that can be cut off from what is published, until it stands in the log anew. */
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
      const { events } = await state.log.latest(tasksTopic, 10_000_000);
      const tasks = events.map(({ json }): Task => JSON.parse(json));
      return tasks.filter(({ task_id }) => task_id === id).map(({ state }) => state);
    },
  };
}

async function claimOf(tasks: Tasks, id: string): Promise<string> {
  const claim = await tasks.claim(id);
  assert(claim !== null && claim !== "over" && "claim" in claim, JSON.stringify(claim));
  return claim.claim;
}

async function idsIn(tasks: Tasks): Promise<string[]> {
  return (await tasks.list()).open.map(({ task }) => task.task_id);
}

Deno.test("a worker on another isolate hears of a task, takes it and ends it; nobody is shown its claim (S0-3, S0-4)", async () => {
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
  const told: Task[] = worker.said("task").map((each) => JSON.parse(JSON.stringify(each)));
  assertEquals(told.map(({ state }) => state), ["waiting", "claimed", "running", "completed"]);
  assertEquals((await one.records.look(id))?.result, { rows: 3 });
  assert(!JSON.stringify([worker.frames, await one.records.look(id)]).includes(claim));
  assertEquals(await idsIn(one.records), []);
});

Deno.test("a claim that lapses is told to all who follow, on every isolate, once, by nobody's asking (S0-7)", async () => {
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
  for (const worker of [first, second]) assertEquals(worker.said("task").length, all.length);

  const next = await claimOf(other.records, id);
  assertEquals(await one.records.report(id, { claim: lost, state: "completed" }), "lost");
  const done = await other.records.report(id, { claim: next, state: "completed" });
  assert(done !== null && typeof done !== "string");
  assertEquals([done.state, done.attempts], ["completed", 2]);
  assertEquals(await one.records.report(id, { claim: lost }), "over");
});

Deno.test("a task of three workers who all die fails, and says so, before its followers' eyes (S0-7)", async () => {
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

Deno.test("what is claimed is told how long it is another's", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const { task_id: id } = await one.records.begin(WORK);
  await claimOf(one.records, id);
  await clock.advance(12_000);
  assertEquals(await other.records.claim(id), { leftMs: 18_000 });
  await clock.advance(18_000);
  await claimOf(other.records, id);
});

Deno.test("tasks outlive every isolate: the next finds those that wait and those whose workers are gone (S0-31)", async () => {
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

Deno.test("who lists and then follows from the list's cursor misses nothing (S0-3)", async () => {
  const { clock, isolate } = createShared();
  await using one = isolate();
  const before = await one.records.begin(WORK);
  const { open, cursor } = await one.records.list();
  const after = await one.records.begin(WORK);
  await using worker = await one.follow("", cursor);
  await clock.advance(20);
  assertEquals(open.map(({ task }) => task.task_id), [before.task_id]);
  assertEquals(worker.said("task").map((each) => Object(each).task_id), [after.task_id]);
});

Deno.test("the list's cursor comes before the list: a task that is begun while it is read is told", async () => {
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
  assertEquals(worker.said("task").map((each) => Object(each).task_id), [late]);
});

Deno.test("100 tasks begun at once on two isolates are distinct, and ten workers claim and end each once (S0-3, S0-22)", async () => {
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
  async function work(tasks: Tasks): Promise<void> {
    for (const id of await idsIn(tasks)) {
      const claim = await tasks.claim(id);
      if (claim === null || claim === "over" || !("claim" in claim)) continue;
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

Deno.test("of all who end a task at once, on two isolates and as time runs out, one does (S0-7)", async () => {
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
      one.records.report(id, { claim, state: "completed" }),
      other.records.report(id, { claim, state: "failed" }),
      other.records.look(id),
      one.records.report(id, { claim, state: "completed", result: 2 }),
      one.records.look(id),
      other.records.claim(id),
    ]);
    const ends = (await states(id)).filter((each) => each === "completed" || each === "failed");
    assertEquals(ends.length, 1, `${late} ms late`);
  }
});

for (const when of ["before", "after"] as const) {
  Deno.test(`whatever call to the store fails ${when} it is done, no open task is off the list, and none that ended is on it (S0-31)`, async () => {
    // The calls of one whole life, one of which fails: the n-th, for all n there are.
    for (let n = 1, calls = n; n <= calls; n++) {
      const { isolate, shaky, states } = createShared();
      calls = 0;
      await using one = shaky(() => ++calls === n ? when : null);
      const idempotencyKey = { key: `${n}`, fingerprint: "a" };
      const begin = () => one.records.begin(WORK, idempotencyKey);
      // Who has no answer asks again: under its key it is one task.
      const { task_id: id } = await begin().catch(begin);
      await one.records.list().catch(() => {});
      const claim = await one.records.claim(id).catch(() => null);
      const isOurs = claim !== null && claim !== "over" && "claim" in claim;
      const said = { claim: isOurs ? claim.claim : "", state: "completed" } as const;
      await one.records.report(id, said).catch(() => {});

      await using fresh = isolate();
      const task = await fresh.records.look(id);
      assertNotEquals(task, null);
      const isOpen = task?.state !== "completed";
      assertEquals(await idsIn(fresh.records), isOpen ? [id] : [], `call ${n} of ${calls}`);
      assertEquals((await states(id)).filter((each) => each === "waiting").length, 1);
    }
  });
}

Deno.test(`at most ${MOST_OPEN} tasks are open: the next is refused, until one ends; a repeated one is not (S0-7)`, async () => {
  const { isolate } = createShared();
  await using one = isolate();
  await using other = isolate();
  const idempotencyKey = { key: "first", fingerprint: "a" };
  const first = await one.records.begin(WORK, idempotencyKey);
  const more = Array.from({ length: MOST_OPEN + 20 }, (_, n) => n % 2 === 0 ? one : other);
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

Deno.test("a task is kept for LOG_RETAIN_MS after its end, and no repeated request brings it back (S0-4)", async () => {
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
  assertEquals([await one.records.claim(id), await one.records.report(id, { claim })], [
    null,
    null,
  ]);
  assertEquals((await one.records.begin(WORK, idempotencyKey)).task_id, id);
  assertEquals([await one.records.look(id), await idsIn(one.records)], [null, []]);
});

Deno.test("while tasks are followed the store is read once in 30 s of work, and not at all without work (S0-13)", async () => {
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

Deno.test("a watch goes on when the store was away", async () => {
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

Deno.test("a claim that this isolate could not be told of lapses all the same: after a break it is looked again (S0-7)", async () => {
  const { clock, broken, isolate, states } = createShared();
  const { isolate: deaf, breakOff, rejoin } = broken();
  await using one = deaf;
  await using other = isolate();
  await using worker = await one.follow();
  breakOff();
  const { task_id: id } = await other.records.begin(WORK);
  await claimOf(other.records, id);
  await clock.advance(1000);
  assertEquals(worker.said("task"), []);
  await rejoin();
  await clock.advance(31_000);
  assertEquals(await states(id), ["waiting", "claimed", "waiting"]);
  assertEquals(worker.said("task").length, 3);
});

Deno.test("what was asked for and never begun is not said to have been (S0-31)", async () => {
  const { shaky } = createShared();
  await using one = shaky((name) => name === "append" ? "before" : null);
  const idempotencyKey = { key: "k", fingerprint: "a" };
  await assertRejects(() => one.records.begin(WORK, idempotencyKey), StoreUnavailable);
  assertEquals(await one.records.begunBy(idempotencyKey), null);
});

Deno.test("the queue is counted when somebody asks, twice a minute at most, and stays as it was while the store is away (S0-7)", async () => {
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
  const first = await one.records.queue();
  assertEquals(first, { counts: { waiting: 1, claimed: 0, running: 0 }, oldestAgeS: 60 });
  await other.records.begin(WORK);
  assertEquals([await one.records.queue(), calls], [first, 1]);
  isAway = true;
  await clock.advance(30_000);
  assertEquals(await one.records.queue(), first);
  isAway = false;
  await clock.advance(30_000);
  assertEquals((await one.records.queue()).counts.waiting, 2);
});
