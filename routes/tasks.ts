/**
 * Tasks: heavy work of a session, handed to workers.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { POLL_S, PollDelay, PollDelayToEnd } from "../lib/http/openapi.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { findResource, IdParams, READER_SECURITY } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  consumePublication,
  eventBodyLimit,
  IdempotencyHeader,
  idempotencyKeyOf,
  publisherKey,
  requirePublisher,
} from "../lib/http/publish_middleware.ts";
import { authorizeReader } from "../lib/http/authorize.ts";
import { consume, USER_TASKS } from "../lib/http/rate_limits.ts";
import { createRouter } from "../lib/http/route.ts";
import type { Services } from "../lib/services.ts";
import { sessionTopic } from "../lib/topics/sessions/topic.ts";
import { isEnd, queueOf, type Refusal, Report, Task } from "../lib/topics/tasks/task.ts";
import type { Claim } from "../lib/topics/tasks/tasks.ts";
import { TASKS, tasksTopic } from "../lib/topics/tasks/topic.ts";
import { findSession, sessionOver, unknownSession } from "./sessions.ts";

const Begun = z.object({ task_id: z.string(), status_url: z.string(), next_poll_delay: PollDelay });

const Polled = Task.extend({ next_poll_delay: PollDelayToEnd });

const Claimed = Task.extend({
  claim: z.string().meta({ description: "What its reports are to show. Nobody else is told." }),
});

const List = z.object({
  tasks: z.array(Task).meta({ description: "All that have not ended, oldest first." }),
  depth: z.int().meta({ description: "How many of them wait." }),
  oldest_age_s: z.number().meta({
    description: "Since when the oldest of those is there, in seconds; 0 where none waits.",
  }),
  cursor: z.string().meta({
    description: "From here on `/v1/stream?topics=tasks` tells all that is not in the list.",
  }),
  next_poll_delay: PollDelay,
});

/** The same for one that is not there and one that is another's. */
function unknownTask(): Problem {
  return new Problem(404, "unknown_task", "There is no such task.");
}

function taskOver(): Problem {
  return new Problem(409, "task_over", "The task has ended. GET of its status tells how.");
}

/** The task and its claim, or why there is none. @throws {Problem} 404, 409. */
function claimOf(outcome: Claim | "over" | null): z.infer<typeof Claimed> {
  if (outcome === null) throw unknownTask();
  if (outcome === "over") throw taskOver();
  if ("task" in outcome) return { ...outcome.task, claim: outcome.claim };
  throw new Problem(409, "task_claimed", "Another worker has the task, while it reports.", {
    retryAfterMs: Math.max(1, outcome.leftMs),
  });
}

/** What became of a task by a report, or why nothing did. @throws {Problem} 404, 409. */
function done(outcome: Task | Refusal | null): Task {
  if (outcome === null) throw unknownTask();
  if (outcome === "over") throw taskOver();
  if (outcome !== "lost") return outcome;
  throw new Problem(409, "claim_lost", "The task is no longer the worker's: leave it be.");
}

/** The routes of tasks. */
export function tasksRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { authenticator, config, publishRate, sessions, taskRate, tasks, runtime: { clock } } =
    services;
  const app = createRouter();

  const process = createRoute({
    method: "post",
    path: "/v1/sessions/{id}/process",
    summary: "Hands heavy work of a session to a worker: a sign of life of the session",
    tags: ["tasks"],
    security: READER_SECURITY,
    middleware: [eventBodyLimit(config.MAX_EVENT_BYTES)],
    request: { params: IdParams, headers: z.object({ "idempotency-key": IdempotencyHeader }) },
    responses: {
      202: jsonContent("It waits for a worker. `Location` says where to ask for it.", Begun),
      ...problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
    },
  });

  const list = createRoute({
    method: "get",
    path: "/v1/tasks",
    summary: "The tasks that wait or are worked on",
    tags: ["tasks"],
    security: [{ publisher: [] }],
    responses: {
      200: jsonContent("As they are now", List),
      ...problems(400, 401, 403, 503),
    },
  });

  const status = createRoute({
    method: "get",
    path: "/v1/tasks/{id}/status",
    summary: "How a task is going, at once",
    tags: ["tasks"],
    security: READER_SECURITY,
    request: { params: IdParams },
    responses: {
      200: jsonContent("The task, at the end with its result. `Retry-After` until then.", Polled),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  });

  const claim = createRoute({
    method: "post",
    path: "/v1/tasks/{id}/claim",
    summary: "Takes a task that waits, for 30 s after each sign of life",
    tags: ["tasks"],
    security: [{ publisher: [] }],
    middleware: [
      requirePublisher(services, { hasBody: false }),
      eventBodyLimit(config.MAX_EVENT_BYTES),
    ],
    request: { params: IdParams },
    responses: {
      200: jsonContent("It is the worker's, and nobody else's", Claimed),
      ...problems(401, 403, 404, 409, 413, 429, 503),
    },
  });

  const report = createRoute({
    method: "patch",
    path: "/v1/tasks/{id}",
    summary: "Says how it is going, and renews the claim; or ends it",
    tags: ["tasks"],
    security: [{ publisher: [] }],
    middleware: [requirePublisher(services), eventBodyLimit(config.MAX_EVENT_BYTES)],
    request: {
      params: IdParams,
      body: { required: true, content: { "application/json": { schema: Report } } },
    },
    responses: {
      200: jsonContent("What became of it", Task),
      ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
    },
  });

  app.openapi(process, async (c) => {
    const { id } = c.req.valid("param");
    const principal = await authenticator.authenticate(c);
    authorizeReader(principal, [sessionTopic(id)]);
    const who = publisherKey(c, principal, config.CLIENT_IP_HEADER);
    if (principal.kind === "publisher") consumePublication(c, publishRate);
    else consume(c, taskRate, who, USER_TASKS);
    const { session: { owner } } = await findSession(c, services, principal, id);
    const idempotencyKey = await idempotencyKeyOf(c, c.req.valid("header")["idempotency-key"], who);

    const session = await sessions.touch(id);
    if (session === null) throw unknownSession();
    // Who asks again is answered as before, though the work may have ended the session by now.
    const task = session === "over"
      ? idempotencyKey && await tasks.begunBy(idempotencyKey)
      : await tasks.begin({ sessionId: id, owner }, idempotencyKey);
    if (!task) throw sessionOver();
    const statusUrl = `/v1/tasks/${task.task_id}/status`;
    c.header("location", statusUrl);
    return c.json(
      { task_id: task.task_id, status_url: statusUrl, next_poll_delay: POLL_S },
      202,
    );
  });

  app.openapi(list, async (c) => {
    authorizeReader(await authenticator.authenticate(c), [tasksTopic]);
    const { open, cursor } = await tasks.list();
    const { counts, oldestAgeS } = queueOf(open, clock.now());
    c.header("cache-control", "no-store");
    return c.json({
      tasks: open.map(({ task }) => task),
      depth: counts.waiting,
      oldest_age_s: oldestAgeS,
      cursor,
      next_poll_delay: POLL_S,
    }, 200);
  });

  app.openapi(status, async (c) => {
    const { id } = c.req.valid("param");
    const task = await findResource(c, services, await authenticator.authenticate(c), {
      name: `${TASKS}/${id}`,
      look: () => tasks.look(id),
      ownerOf: ({ owner }) => owner,
      unknown: unknownTask(),
    });
    const seconds = isEnd(task.state) ? 0 : POLL_S;
    c.header("cache-control", "no-store");
    if (seconds > 0) c.header("retry-after", String(seconds));
    return c.json({ ...task, next_poll_delay: seconds }, 200);
  });

  app.openapi(
    claim,
    async (c) => c.json(claimOf(await tasks.claim(c.req.valid("param").id)), 200),
  );

  app.openapi(
    report,
    async (c) =>
      c.json(done(await tasks.report(c.req.valid("param").id, c.req.valid("json"))), 200),
  );

  return app;
}
