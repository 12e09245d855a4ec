/** Tasks on real servers: the guide's worker as it is printed, one that is killed midway, and many together. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { print } from "../support/print.ts";
import { requestAsPublisher } from "../support/publisher.ts";
import { blocksOf, GUIDE_SETTINGS, readGuide, typesIn } from "../support/guides.ts";
import { startServer } from "../support/server_process.ts";
import { beginSession } from "../support/sessions.ts";
import { createTaskPublisher } from "../support/tasks.ts";
import { until, within } from "../support/within.ts";
import { startWorker, workerText } from "../support/worker_process.ts";
import { redisTest, slowRedisTest } from "../support/programs.ts";
import { startFleet } from "../support/fleet.ts";

const LIST = z.object({ tasks: z.array(z.object({ task_id: z.string() })), depth: z.int() });
const CHECK = z.object({ session_state: z.string() });
const HEALTH = z.object({ store: z.object({ commands: z.int() }) });

Deno.test("the guide's worker takes the task of a session, and its owner sees it through (S0-3, S0-4)", async () => {
  const lines = (await workerText()).trimEnd().split("\n").length;
  assert(lines < 60, `${lines} lines`);
  await using server = await startServer(GUIDE_SETTINGS);
  await using _worker = await startWorker(server.origin);
  const [start = "", owner = ""] = await blocksOf("tasks", "sh");
  assert(start.includes(`PUBLISH_TOKEN=${GUIDE_SETTINGS.PUBLISH_TOKEN}`), start);
  const directory = await Deno.makeTempDir();
  const shell = owner.replaceAll("localhost:8000", `127.0.0.1:${server.port}`)
    .replaceAll("/tmp/", `${directory}/`);
  const { stdout, success } = await within(
    30_000,
    "the end of the session",
    new Deno.Command("bash", { args: ["-c", shell] }).output(),
  );
  await Deno.remove(directory, { recursive: true });
  const text = new TextDecoder().decode(stdout);
  assert(success, text);
  assert(text.includes("HTTP/1.1 202 Accepted"), text);
  const types = typesIn(text);
  assertEquals([types[0], ...types.slice(-2)], ["sync", "completed", "bye"]);
  assert(types.slice(1, -2).length >= 3 && types.slice(1, -2).every((each) => each === "session"));
  assert(/"state":"completed","attempts":1,"progress":1,"result":\{"rows":3\}/.test(text), text);
});

slowRedisTest(
  "a worker that is killed midway leaves its task to one of another server after the claim's 30 s (S0-7)",
  async () => {
    // In real time: nothing but the server's own clock decides, and the worker is the printed one.
    await using fleet = await startFleet({ ...GUIDE_SETTINGS });
    const { one, other } = fleet;
    const token = GUIDE_SETTINGS.PUBLISH_TOKEN;
    const publisher = createTaskPublisher(token);
    const session = await beginSession(one.origin, token);
    await using first = await startWorker(one.origin);
    const task = await publisher.process(other.origin, session);
    await until(
      "a report",
      async () => (await publisher.status(other.origin, task)).state === "running" || undefined,
    );
    await first.kill();
    const last = await publisher.status(other.origin, task);
    await using _second = await startWorker(other.origin);
    const taken = await until("the second worker", async () => {
      const now = await publisher.status(one.origin, task);
      return now.attempts === 2 ? now : undefined;
    }, { deadlineMs: 60_000, everyMs: 50 });
    const left = Date.parse(taken.updated_at) - Date.parse(last.updated_at);
    print(`the second worker took the task ${left} ms after the first one's last report`);
    assert(left >= 30_000, `${left} ms after the last report`);
    const done = await until("the end", async () => {
      const now = await publisher.status(one.origin, task);
      return now.state === "completed" ? now : undefined;
    });
    assertEquals([done.attempts, done.result], [2, { rows: 3 }]);
    const url = `${one.origin}${session}/events`;
    const { session_state } = await requestAsPublisher(CHECK, "GET", url, undefined, token);
    assertEquals(session_state, "completed");
  },
);

redisTest(
  "100 concurrent `process` on two servers are 100 tasks, and ten workers claim and end each once (S0-3, S0-22, S0-30)",
  async () => {
    await using fleet = await startFleet();
    const origins = [fleet.one.origin, fleet.other.origin];
    const originOf = (n: number) => origins[n % 2] ?? "";
    const publisher = createTaskPublisher();
    const session = await beginSession(originOf(0));
    const numbers = Array.from({ length: 100 }, (_, n) => n);

    const alone: number[] = [];
    const tasks: string[] = [];
    async function begin(n: number): Promise<number> {
      const start = performance.now();
      tasks.push(await publisher.process(originOf(n), session));
      return performance.now() - start;
    }
    for (const n of numbers.slice(0, 20)) alone.push(await begin(n));
    const together = await Promise.all(numbers.map(begin));
    const medianOf = (all: number[]) => all.toSorted((a, b) => a - b)[all.length >> 1]?.toFixed(1);
    print(
      `process: median ${medianOf(alone)} ms one by one, ${medianOf(together)} ms of 100 at once ` +
        `(slowest ${Math.max(...together).toFixed(0)} ms, target 100 ms)`,
    );
    assertEquals(new Set(tasks).size, 120);

    const claims: string[] = [];
    async function work(n: number): Promise<void> {
      for (
        const { task_id } of (await requestAsPublisher(LIST, "GET", `${originOf(n)}/v1/tasks`))
          .tasks
      ) {
        const task = `/v1/tasks/${task_id}`;
        const claim = await publisher.claim(originOf(n), task);
        if (claim === null) continue;
        claims.push(task);
        await publisher.report(originOf(n + 1), task, { claim, state: "completed" });
      }
    }
    await Promise.all(numbers.slice(0, 10).map(work));
    assertEquals(claims.toSorted(), tasks.toSorted());
    assertEquals(await requestAsPublisher(LIST, "GET", `${originOf(0)}/v1/tasks`), {
      tasks: [],
      depth: 0,
    });
  },
);

redisTest("each action on a task costs as many commands as the guide says", async () => {
  await using fleet = await startFleet();
  const { origin } = fleet.one;
  const publisher = createTaskPublisher();
  const session = await beginSession(origin);
  const used = async () =>
    (await requestAsPublisher(HEALTH, "GET", `${origin}/health`)).store.commands;
  const list = () => requestAsPublisher(LIST, "GET", `${origin}/v1/tasks`);
  async function costOf<T>(act: () => Promise<T>): Promise<readonly [T, number]> {
    const before = await used();
    return [await act(), await used() - before];
  }
  // The first ones also load the scripts.
  await publisher.process(origin, session);
  await list();
  const [task, begun] = await costOf(() => publisher.process(origin, session));
  const [claim, claimed] = await costOf(() => publisher.claim(origin, task));
  const report = (fields: unknown) =>
    costOf(() => publisher.report(origin, task, { claim, ...Object(fields) }));
  const [, reported] = await report({ progress: 0.5 });
  const [, asked] = await costOf(() => publisher.status(origin, task));
  const [, listed] = await costOf(list);
  const [, ended] = await report({ state: "completed" });
  print(JSON.stringify({ begun, claimed, reported, asked, listed, ended }));
  const guide = await readGuide("tasks");
  const [costs = ""] = /\*\*Cost\*\* in Redis commands: [^.]*\./.exec(guide) ?? [];
  const words =
    `process ${begun}, a claim ${claimed}, a report ${reported}, the last one ${ended}, ` +
    `a status ${asked}, a list ${listed}`;
  assert(costs.replaceAll(/[`\s]+/g, " ").includes(words), `${costs} ≠ ${words}`);
});
