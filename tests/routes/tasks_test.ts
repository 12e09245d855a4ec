/** The routes of tasks, for clients, workers and other users. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { LOOKUPS_PER_MINUTE, TASKS_PER_MINUTE } from "../../lib/http/rate_limits.ts";
import { newTask } from "../../lib/topics/tasks/task.ts";
import { MAX_OPEN_TASKS } from "../../lib/topics/tasks/tasks.ts";
import { figureIn } from "../metrics/exposition.ts";
import { seededBy } from "../support/seeded.ts";
import { AS_PUBLISHER, asUser, createAppWithUsers, follow } from "./owned_support.ts";
import { refusalOf } from "./support.ts";

/** The path of a task that does not exist. */
const MISSING = "/v1/tasks/0123456789abcdefghijklmn";

/** Creates an app, and a publisher that works on tasks. */
function createTest(env: Readonly<Record<string, string>> = {}) {
  const { below } = seededBy(1); // claims are random
  const test = createAppWithUsers(env, () => below(2 ** 32) / 2 ** 32);
  return Object.assign(test, {
    /** Creates a session. Returns its path. */
    async createSession(owner = "ann"): Promise<string> {
      const created = await test.request("POST", "/v1/sessions", AS_PUBLISHER, { owner });
      return `/v1/sessions/${(await created.json()).id}`;
    },
    /** Requests a task of a session. */
    process: (session: string, headers: HeadersInit = asUser("ann")) =>
      test.request("POST", `${session}/process`, headers),
    /** Creates a task. Returns its path. */
    async createTask(owner = "ann"): Promise<string> {
      const response = await this.process(await this.createSession(owner), AS_PUBLISHER);
      return `/v1/tasks/${(await response.json()).task_id}`;
    },
    /** Requests the claim of a task. */
    requestClaim: (task: string) => test.request("POST", `${task}/claim`, AS_PUBLISHER),
    /** Claims a task. Returns the claim. */
    async claimTask(task: string): Promise<string> {
      return (await (await this.requestClaim(task)).json()).claim;
    },
    report: (task: string, body: unknown) => test.request("PATCH", task, AS_PUBLISHER, body),
    async list() {
      return await (await test.request("GET", "/v1/tasks", AS_PUBLISHER)).json();
    },
  });
}

Deno.test("POST of process answers 202 with Location, status_url and the poll delay, and workers receive the task (S0-3)", async () => {
  await using test = createTest();
  const session = await test.createSession();
  await using worker = await follow(test, "/v1/stream?topics=tasks", AS_PUBLISHER);
  const response = await test.process(session);
  const { task_id, ...rest } = await response.json();
  const url = `/v1/tasks/${task_id}/status`;
  assertEquals([response.status, response.headers.get("location")], [202, url]);
  assertEquals(rest, { status_url: url, next_poll_delay: 5 });
  await test.clock.advance(20);
  const [task] = worker.dataOf("task").map(Object);
  assertEquals([task.task_id, task.session_id, task.owner, task.state], [
    task_id,
    session.slice("/v1/sessions/".length),
    "ann",
    "waiting",
  ]);
});

Deno.test("process is a heartbeat of its session, and answers 409 after the session's end (S0-3)", async () => {
  await using test = createTest();
  const session = await test.createSession();
  await test.clock.advance(200_000);
  assertEquals((await test.process(session)).status, 202);
  await test.clock.advance(200_000);
  assertEquals((await test.process(session, AS_PUBLISHER)).status, 202);
  await test.clock.advance(301_000);
  assertEquals(await refusalOf(await test.process(session)), [409, "session_over"]);
});

Deno.test("process of another user's session and of an unknown one get the same responses", async () => {
  await using test = createTest();
  const paths = [await test.createSession(), "/v1/sessions/0123456789abcdefghijklmn"];
  const bodies = await Promise.all(paths.map(async (path) => {
    const response = await test.process(path, asUser("bob"));
    assertEquals(response.status, 404);
    return await response.text();
  }));
  assertEquals(bodies[0], bodies[1]);
  assertEquals((await test.process(paths[0] ?? "", {})).status, 401);
  const narrow = asUser("ann", { topics: ["events/*"] });
  assertEquals((await test.process(paths[0] ?? "", narrow)).status, 403);
  assertEquals((await test.list()).tasks, []);
});

Deno.test("a repeated Idempotency-Key returns the first task, for each caller separately, also after the session's end", async () => {
  await using test = createTest();
  const session = await test.createSession();
  const key = { "idempotency-key": "order 1" };
  const ids: string[] = [];
  for (const caller of [asUser("ann"), asUser("ann"), AS_PUBLISHER, AS_PUBLISHER]) {
    ids.push((await (await test.process(session, { ...caller, ...key })).json()).task_id);
  }
  assertEquals([ids[0], ids[2]], [ids[1], ids[3]]);
  assertNotEquals(ids[0], ids[2]);
  await test.request("PATCH", session, AS_PUBLISHER, { session_state: "completed" });
  const again = await test.process(session, { ...asUser("ann"), ...key });
  assertEquals([again.status, (await again.json()).task_id], [202, ids[0]]);
  const other = { ...asUser("ann"), "idempotency-key": "order 2" };
  assertEquals(await refusalOf(await test.process(session, other)), [409, "session_over"]);
});

Deno.test("a user creates at most 120 tasks per minute, a publisher PUBLISH_PER_MINUTE", async () => {
  await using test = createTest({ PUBLISH_PER_MINUTE: "2" });
  const session = await test.createSession();
  for (let n = 0; n < TASKS_PER_MINUTE; n++) {
    assertEquals((await test.process(session)).status, 202);
  }
  const refused = await test.process(session);
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(await refusalOf(refused), [429, "tasks_too_often"]);
  assertEquals((await test.process(session, AS_PUBLISHER)).status, 202);
  const another = await test.process(session, AS_PUBLISHER);
  assertEquals(await refusalOf(another), [429, "publishing_too_often"]);
});

Deno.test("GET of a status answers immediately, and at the end with the result (S0-4)", async () => {
  await using test = createTest();
  const task = await test.createTask();
  const readStatus = async () => {
    const response = await test.request("GET", `${task}/status`, asUser("ann"));
    const { state, attempts, progress, result, next_poll_delay } = await response.json();
    const retryAfter = response.headers.get("retry-after");
    return [response.status, state, attempts, progress, result, next_poll_delay, retryAfter];
  };
  assertEquals(await readStatus(), [200, "waiting", 0, null, null, 5, "5"]);
  const claim = await test.claimTask(task);
  assertEquals(await readStatus(), [200, "claimed", 1, null, null, 5, "5"]);
  await test.report(task, { claim, progress: 0.5 });
  assertEquals(await readStatus(), [200, "running", 1, 0.5, null, 5, "5"]);
  await test.report(task, { claim, state: "completed", result: { rows: 3 } });
  assertEquals(await readStatus(), [200, "completed", 1, 1, { rows: 3 }, 0, null]);
});

Deno.test("another user's task and an unknown one get the same responses: 404 60 times per minute, then 429", async () => {
  await using test = createTest();
  const task = await test.createTask();
  const bodies = await Promise.all([task, MISSING].map(async (path) => {
    const response = await test.request("GET", `${path}/status`, asUser("bob"));
    assertEquals(response.status, 404);
    return await response.text();
  }));
  assertEquals(bodies[0], bodies[1]);
  // The two responses above count.
  for (let n = 2; n < LOOKUPS_PER_MINUTE; n++) {
    await test.request("GET", `${MISSING}/status`, asUser("bob"));
  }
  const refused = await test.request("GET", `${task}/status`, asUser("bob"));
  assertEquals(await refusalOf(refused), [429, "lookups_too_often"]);
  assertEquals((await test.request("GET", `${task}/status`, {})).status, 401);
  const narrow = asUser("ann", { topics: ["sessions/*"] });
  assertEquals((await test.request("GET", `${task}/status`, narrow)).status, 403);
});

Deno.test("only its worker receives a claim; another worker receives the time until it expires (S0-3)", async () => {
  await using test = createTest();
  const task = await test.createTask();
  await using worker = await follow(test, "/v1/stream?topics=tasks", AS_PUBLISHER);
  const response = await test.requestClaim(task);
  const { claim, state, attempts } = await response.json();
  assertEquals([response.status, state, attempts], [200, "claimed", 1]);
  assert(/^\w{20}$/.test(claim), claim);
  await test.clock.advance(11_500);
  const other = await test.requestClaim(task);
  assertEquals(other.headers.get("retry-after"), "19");
  assertEquals(await refusalOf(other), [409, "task_claimed"]);
  const status = await (await test.request("GET", `${task}/status`, AS_PUBLISHER)).text();
  assert(!`${status}${JSON.stringify([worker.frames, await test.list()])}`.includes(claim));
});

Deno.test("a late report of a lost claim is 409 claim_lost, anything after the end 409 task_over (S0-7)", async () => {
  await using test = createTest();
  const task = await test.createTask();
  const lost = await test.claimTask(task);
  await test.clock.advance(30_000);
  const claim = await test.claimTask(task);
  assertNotEquals(claim, lost);
  for (const state of [undefined, "running", "completed"]) {
    const late = await test.report(task, { claim: lost, state });
    assertEquals(await refusalOf(late), [409, "claim_lost"]);
  }
  const { state, attempts } = await (await test.report(task, { claim })).json();
  assertEquals([state, attempts], ["running", 2]);
  const failed = await (await test.report(task, { claim, state: "failed", error: "no" })).json();
  assertEquals([failed.state, failed.error], ["failed", "no"]);
  assertEquals(await refusalOf(await test.report(task, { claim })), [409, "task_over"]);
  assertEquals(await refusalOf(await test.requestClaim(task)), [409, "task_over"]);
  assertEquals(await refusalOf(await test.requestClaim(MISSING)), [404, "unknown_task"]);
  assertEquals(await refusalOf(await test.report(MISSING, { claim })), [404, "unknown_task"]);
});

for (
  const [flaw, body, field] of [
    ["a report without a claim", {}, "claim"],
    ["a state that no worker may report", { claim: "x", state: "waiting" }, "state"],
    ["a progress above 1", { claim: "x", progress: 2 }, "progress"],
    ["an unknown field", { claim: "x", percent: 1 }, "percent"],
  ] as const
) {
  Deno.test(`PATCH of a task refuses ${flaw}, and names the field`, async () => {
    await using test = createTest();
    const response = await test.report(await test.createTask(), body);
    const { code, errors } = await response.json();
    assertEquals([response.status, code, errors[0].field], [400, "bad_parameters", field]);
  });
}

Deno.test("PATCH of a task refuses a result that is too large, and the task continues", async () => {
  await using test = createTest({ MAX_EVENT_BYTES: "2000" });
  const task = await test.createTask();
  const claim = await test.claimTask(task);
  const large = await test.report(task, { claim, state: "completed", result: "x".repeat(2000) });
  assertEquals(await refusalOf(large), [413, "event_too_large"]);
  const { state } = await (await test.report(task, { claim, state: "completed" })).json();
  assertEquals(state, "completed");
});

Deno.test("GET /v1/tasks lists open tasks, oldest first, with depth, age and a cursor (S0-7)", async () => {
  await using test = createTest();
  const { cursor, ...empty } = await test.list();
  assertEquals(empty, { tasks: [], depth: 0, oldest_age_s: 0, next_poll_delay: 5 });
  assert(/^\d+-\d+$/.test(cursor), cursor);
  const paths: string[] = [];
  for (let n = 0; n < 4; n++) {
    paths.push(await test.createTask());
    await test.clock.advance(1000);
  }
  const [first = "", second = "", ...others] = paths;
  await test.claimTask(second);
  const claim = await test.claimTask(first);
  await test.report(first, { claim, state: "completed" });
  const { tasks, depth, oldest_age_s, cursor: latestCursor } = await test.list();
  assertEquals(
    tasks.map((task: { task_id: string }) => `/v1/tasks/${task.task_id}`),
    [second, ...others],
  );
  assertEquals([depth, oldest_age_s], [2, 2]);

  const laterTask = await test.createTask();
  const resuming = { ...AS_PUBLISHER, "last-event-id": latestCursor };
  await using worker = await follow(test, "/v1/stream?topics=tasks", resuming);
  const received = worker.dataOf("task").map((task) => `/v1/tasks/${Object(task).task_id}`);
  assertEquals(received, [laterTask]);
});

Deno.test("users may neither subscribe to tasks nor list, claim or report them", async () => {
  await using test = createTest();
  const task = await test.createTask();
  const withTaskTopics = asUser("ann", { topics: ["tasks", "tasks/*"] });
  for (const path of ["/v1/tasks", "/v1/stream?topics=tasks"]) {
    assertEquals(await refusalOf(await test.request("GET", path, {})), [401, "private_topic"]);
    assertEquals(await refusalOf(await test.request("GET", path, withTaskTopics)), [
      403,
      "topic_not_allowed",
    ]);
  }
  assertEquals(await refusalOf(await test.request("POST", `${task}/claim`, withTaskTopics)), [
    401,
    "bad_token",
  ]);
  const refused = await test.request("PATCH", task, withTaskTopics, { claim: "x" });
  assertEquals(await refusalOf(refused), [401, "bad_token"]);
});

Deno.test("a full queue answers 503 with Retry-After, and accepts a task once another has ended (S0-7)", async () => {
  await using test = createTest({ PUBLISH_PER_MINUTE: "0" });
  const createTask = () =>
    test.services.tasks.create((id, now) => newTask({ sessionId: "s", owner: "bob" }, id, now));
  const tasks = await Promise.all(Array.from({ length: MAX_OPEN_TASKS }, createTask));
  const session = await test.createSession();
  const refused = await test.process(session);
  assertEquals(refused.headers.get("retry-after"), "10");
  assertEquals(await refusalOf(refused), [503, "queue_full"]);
  const path = `/v1/tasks/${tasks[0]?.task.task_id}`;
  await test.report(path, { claim: await test.claimTask(path), state: "completed" });
  assertEquals((await test.process(session)).status, 202);
  assertEquals((await test.list()).depth, MAX_OPEN_TASKS);
});

Deno.test("/metrics has the number of tasks by state, the oldest age, and the outcomes (S0-7)", async () => {
  await using test = createTest();
  const [done, expired] = [await test.createTask(), await test.createTask()];
  const claim = await test.claimTask(done);
  await test.claimTask(expired);
  await test.report(done, { claim, state: "completed" });
  await test.createTask();
  await test.clock.advance(12_000);
  const readMetrics = async () => {
    const text = await (await test.request("GET", "/metrics", AS_PUBLISHER)).text();
    const states = ["waiting", "claimed", "running"];
    const outcomes = ["completed", "failed", "lapsed"];
    return [
      ...states.map((state) => figureIn(text, "tasks", { state })),
      Math.round(figureIn(text, "tasks_oldest_age_seconds")),
      ...outcomes.map((outcome) => figureIn(text, "tasks_outcomes_total", { outcome })),
    ];
  };
  assertEquals(await readMetrics(), [1, 1, 0, 12, 1, 0, 0]);
  await test.clock.advance(30_000);
  assertEquals(await readMetrics(), [2, 0, 0, 42, 1, 0, 1]);
});

Deno.test("GET /openapi.json lists the routes of tasks (S0-3, S0-4)", async () => {
  await using test = createTest();
  const { paths } = await (await test.request("GET", "/openapi.json", {})).json();
  const taskPaths = Object.entries(paths).filter(([path]) => /tasks|process/.test(path));
  assertEquals(
    taskPaths.map(([path, methods]) => [path, Object.keys(Object(methods))]).toSorted(),
    [
      ["/v1/sessions/{id}/process", ["post"]],
      ["/v1/tasks", ["get"]],
      ["/v1/tasks/{id}", ["patch"]],
      ["/v1/tasks/{id}/claim", ["post"]],
      ["/v1/tasks/{id}/status", ["get"]],
    ],
  );
});
