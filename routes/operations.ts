/**
 * Operations: what a team's back end does for one of its users, followed to its end.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Problem } from "../lib/core/problem.ts";
import type { Principal } from "../lib/http/auth.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { isUnchanged } from "../lib/http/etag.ts";
import { StreamQuery } from "../lib/http/query_params.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { resourceStream } from "../lib/http/stream_response.ts";
import { PollDelayToEnd } from "../lib/http/openapi.ts";
import { findResource, IdParams, Owner, READER_SECURITY } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  eventBodyLimit,
  IdempotencyHeader,
  idempotencyKeyOf,
  requirePublisher,
} from "../lib/http/publish_middleware.ts";
import { createRouter } from "../lib/http/route.ts";
import { streamContent } from "../lib/http/openapi.ts";
import type { Services } from "../lib/services.ts";
import {
  type Kept,
  nextPollDelay,
  Operation,
  type Refusal,
  Report,
  shown,
} from "../lib/topics/operations/operation.ts";
import { operationTopic } from "../lib/topics/operations/topic.ts";

const Beginning = z.strictObject({
  kind: z.string().min(1).max(64).meta({ example: "export" }),
  owner: Owner,
  ttl_s: z.int().min(1).max(604_800).optional().meta({
    description: "Its life after a sign of life; OPERATION_TTL_S where it is not given.",
  }),
});

const Polled = Operation.extend({
  next_poll_delay: PollDelayToEnd,
});

/** The same for one that is not there and one that is another's. */
function unknownOperation(): Problem {
  return new Problem(404, "unknown_operation", "There is no such operation.");
}

/** What became of a change, or why nothing did. @throws {Problem} 404, 409. */
function done(outcome: Kept | Refusal | null): Operation {
  if (outcome === null) throw unknownOperation();
  if (outcome === "over") {
    throw new Problem(409, "operation_over", "The operation has ended. GET tells how.");
  }
  if (outcome === "backwards") {
    throw new Problem(409, "bad_transition", "The operation runs: it is pending no more.", {
      errors: [{ field: "state", detail: "it never goes back" }],
    });
  }
  return shown(outcome);
}

/** The routes of operations. */
export function operationsRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { authenticator, config, streamOpener, operations, runtime: { clock } } = services;
  const app = createRouter();

  const publisherOnly = [requirePublisher(services), eventBodyLimit(config.MAX_EVENT_BYTES)];

  const create = createRoute({
    method: "post",
    path: "/v1/operations",
    summary: "Begins an operation",
    tags: ["operations"],
    security: [{ publisher: [] }],
    middleware: publisherOnly,
    request: {
      headers: z.object({ "idempotency-key": IdempotencyHeader }),
      body: { required: true, content: { "application/json": { schema: Beginning } } },
    },
    responses: {
      201: jsonContent("It is pending. `Location` says where it is.", Operation),
      ...problems(400, 401, 403, 413, 415, 422, 429, 503),
    },
  });

  const report = createRoute({
    method: "patch",
    path: "/v1/operations/{id}",
    summary: "Says how it is going: every report is a sign of life, and be it `{}`",
    tags: ["operations"],
    security: [{ publisher: [] }],
    middleware: publisherOnly,
    request: {
      params: IdParams,
      body: { required: true, content: { "application/json": { schema: Report } } },
    },
    responses: {
      200: jsonContent("What became of it", Operation),
      ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
    },
  });

  const poll = createRoute({
    method: "get",
    path: "/v1/operations/{id}",
    summary: "How it is going, at once",
    tags: ["operations"],
    security: READER_SECURITY,
    request: { params: IdParams },
    responses: {
      200: jsonContent("The operation. `Retry-After` while it runs.", Polled),
      304: { description: "As `If-None-Match` has it" },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  });

  const stream = createRoute({
    method: "get",
    path: "/v1/operations/{id}/stream",
    summary: "An operation, live to its end",
    tags: ["operations"],
    security: READER_SECURITY,
    request: { params: IdParams, query: StreamQuery },
    responses: {
      200: streamContent(
        "`sync`, its newest event, then `progress`, one of `completed`, `failed`, `cancelled`, `expired`, and `bye`",
      ),
      204: { description: "It is over, and the cursor says that this was told" },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  });

  const cancel = createRoute({
    method: "delete",
    path: "/v1/operations/{id}",
    summary: "Asks to cancel it",
    tags: ["operations"],
    security: READER_SECURITY,
    request: { params: IdParams },
    responses: {
      202: jsonContent(
        "It ends `cancelled`: its worker hears of it with its next report",
        Operation,
      ),
      ...problems(400, 401, 403, 404, 409, 429, 503),
    },
  });

  /** An operation that is there and the caller's. */
  function find(c: Context<AppEnv>, principal: Principal, id: string): Promise<Kept> {
    return findResource(c, services, principal, {
      name: operationTopic(id).name,
      look: () => operations.look(id),
      ownerOf: ({ operation }) => operation.owner,
      unknown: unknownOperation(),
    });
  }

  app.openapi(create, async (c) => {
    const { kind, owner, ttl_s: ttlS = config.OPERATION_TTL_S } = c.req.valid("json");
    const idempotencyKey = await idempotencyKeyOf(c, c.req.valid("header")["idempotency-key"]);
    const operation = shown(await operations.create({ kind, owner, ttlS }, idempotencyKey));
    c.header("location", `/v1/operations/${operation.id}`);
    return c.json(operation, 201);
  });

  app.openapi(
    report,
    async (c) =>
      c.json(done(await operations.report(c.req.valid("param").id, c.req.valid("json"))), 200),
  );

  app.openapi(poll, async (c) => {
    const kept = await find(c, await authenticator.authenticate(c), c.req.valid("param").id);
    const operation = shown(kept);
    const delay = nextPollDelay(kept, clock.now());
    if (delay > 0) c.header("retry-after", String(delay));
    if (isUnchanged(c, operation, "private, no-cache")) return c.body(null, 304);
    return c.json({ ...operation, next_poll_delay: delay }, 200);
  });

  app.openapi(stream, (c) => {
    const { id } = c.req.valid("param");
    return resourceStream(c, streamOpener, c.req.valid("query"), {
      topic: operationTopic(id),
      pollUrl: `/v1/operations/${id}`,
      find: (principal) => find(c, principal, id),
    });
  });

  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid("param");
    await find(c, await authenticator.authenticate(c), id);
    return c.json(done(await operations.cancel(id)), 202);
  });

  return app;
}
