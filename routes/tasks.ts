/**
 * Tasks: heavy work of a session, for workers.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { authorizeReader } from "../lib/http/authorize.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { findResource, IdParams, READER_SECURITY } from "../lib/http/ownership.ts";
import { POLL_DELAY_S, PollDelay, PollDelayToEnd } from "../lib/http/poll_delay.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  consumePublication,
  eventBodyLimit,
  IdempotencyHeaders,
  idempotencyScope,
  readIdempotencyKey,
} from "../lib/http/publish_middleware.ts";
import { consume, USER_TASKS } from "../lib/http/rate_limits.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import type { Services } from "../lib/services.ts";
import { sessionOver, touchSession } from "../lib/topics/sessions/session.ts";
import {
  countTasks,
  hasEnded,
  newTask,
  reportTask,
  Task,
  TaskReport,
} from "../lib/topics/tasks/task.ts";
import { addReportRoute, publisherOnly, type ResourceServices } from "./resource.ts";

const CreatedTask = z.object({
  task_id: z.string(),
  status_url: z.string(),
  next_poll_delay: PollDelay,
});

const PolledTask = Task.extend({ next_poll_delay: PollDelayToEnd });

const ClaimedTask = Task.extend({
  claim: z.string().meta({ description: "The secret that the worker's reports must contain." }),
});

const TaskListing = z.object({
  tasks: z.array(Task).meta({ description: "The tasks that have not ended, oldest first." }),
  depth: z.int().meta({ description: "The number of waiting tasks." }),
  oldest_age_s: z.number().meta({
    description: "The age of the oldest waiting task, in seconds; 0 without one.",
  }),
  cursor: z.string().meta({
    description: "The cursor from which `/v1/stream?topics=tasks` continues the list.",
  }),
  next_poll_delay: PollDelay,
});

/** Creates the routes of tasks. */
export function tasksRoutes(
  services: ResourceServices & Pick<Services, "sessions" | "tasks" | "taskRate" | "runtime">,
): Router {
  const { authenticator, config, publishRate, sessions, taskRate, tasks, runtime: { clock } } =
    services;
  const app = createRouter();

  route(app, {
    method: "post",
    path: "/v1/sessions/{id}/process",
    summary: "Creates a task of a session, for a worker. A heartbeat of the session",
    tags: ["tasks"],
    security: READER_SECURITY,
    middleware: [eventBodyLimit(config.MAX_EVENT_BYTES)],
    request: { params: IdParams, headers: IdempotencyHeaders },
    responses: {
      202: jsonContent("A waiting task. `Location` is the URL of its status.", CreatedTask),
      ...problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
    },
  }, async (c, { params: { id }, headers }) => {
    const principal = await authenticator.authenticate(c);
    authorizeReader(principal, [sessions.topicOf(id)]);
    // The caller, for its rate limit and for its idempotency keys.
    const scope = idempotencyScope(c, principal, config.CLIENT_IP_HEADER);
    if (principal.kind === "publisher") consumePublication(c, publishRate);
    else consume(c, taskRate, scope, USER_TASKS);
    const record = await findResource(c, services, principal, sessions, id);
    const { session: { owner, terminal } } = record;
    const idempotencyKey = await readIdempotencyKey(c, headers["idempotency-key"], scope);

    // A repeated request gets its first response, even if the session has ended in the meantime.
    let created = idempotencyKey && terminal ? await tasks.createdBy(idempotencyKey) : null;
    if (created === null) {
      if (terminal) throw sessionOver();
      await sessions.update(id, touchSession);
      const make = (taskId: string, now: number) => newTask({ sessionId: id, owner }, taskId, now);
      created = await tasks.create(make, idempotencyKey);
    }
    const { task_id } = created.task;
    const statusUrl = `/v1/tasks/${task_id}/status`;
    c.header("location", statusUrl);
    return c.json({ task_id, status_url: statusUrl, next_poll_delay: POLL_DELAY_S }, 202);
  });

  route(app, {
    method: "get",
    path: "/v1/tasks",
    summary: "Lists the tasks that have not ended",
    tags: ["tasks"],
    security: [{ publisher: [] }],
    request: {},
    responses: {
      200: jsonContent("The tasks at this moment", TaskListing),
      ...problems(400, 401, 403, 503),
    },
  }, async (c) => {
    authorizeReader(await authenticator.authenticate(c), [tasks.topic]);
    const { open: openRecords, cursor } = await tasks.list();
    const { counts, oldestAgeS } = countTasks(openRecords, clock.now());
    c.header("cache-control", "no-store");
    return c.json({
      tasks: openRecords.map(({ task }) => task),
      depth: counts.waiting,
      oldest_age_s: oldestAgeS,
      cursor,
      next_poll_delay: POLL_DELAY_S,
    }, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/tasks/{id}/status",
    summary: "Returns a task immediately",
    tags: ["tasks"],
    security: READER_SECURITY,
    request: { params: IdParams },
    responses: {
      200: jsonContent("The task. `Retry-After` until it has ended.", PolledTask),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    const principal = await authenticator.authenticate(c);
    const { task } = await findResource(c, services, principal, tasks, id);
    const delayS = hasEnded(task) ? 0 : POLL_DELAY_S;
    c.header("cache-control", "no-store");
    if (delayS > 0) c.header("retry-after", String(delayS));
    return c.json({ ...task, next_poll_delay: delayS }, 200);
  });

  route(app, {
    method: "post",
    path: "/v1/tasks/{id}/claim",
    summary: "Claims a waiting task, for 30 s after each report",
    tags: ["tasks"],
    security: [{ publisher: [] }],
    middleware: publisherOnly(services, { hasBody: false }),
    request: { params: IdParams },
    responses: {
      200: jsonContent("The task, with the claim of this worker", ClaimedTask),
      ...problems(401, 403, 404, 409, 413, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    const { task, claim } = await tasks.claim(id);
    return c.json({ ...task, claim }, 200);
  });

  addReportRoute(app, services, {
    resource: tasks,
    path: "/v1/tasks",
    tag: "tasks",
    schema: Task,
    view: ({ task }) => task,
  }, {
    summary: "Reports on a claimed task: renews the claim, or ends the task",
    body: TaskReport,
    transition: (report) => (record, now) => reportTask(record, report, now),
  });

  return app;
}
