/**
 * Operations: long work of a publisher, which clients follow to its end.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { revalidate } from "../lib/http/etag.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { PollDelayToEnd } from "../lib/http/poll_delay.ts";
import { findResource, IdParams, Owner, READER_SECURITY } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import type { Services } from "../lib/services.ts";
import {
  cancelOperation,
  newOperation,
  Operation,
  operationPollDelayS,
  type OperationRecord,
  OperationReport,
  operationView,
  reportOperation,
} from "../lib/topics/operations/operation.ts";
import {
  addCreateRoute,
  addReportRoute,
  addStreamRoute,
  type ResourceRoutes,
  type ResourceServices,
} from "./resource.ts";

/** The longest TTL of an operation: seven days. */
const MAX_OPERATION_TTL_S = 604_800;

const OperationInput = z.strictObject({
  kind: z.string().min(1).max(64).meta({ example: "export" }),
  owner: Owner,
  ttl_s: z.int().min(1).max(MAX_OPERATION_TTL_S).optional().meta({
    description: "The time it lives after a heartbeat, in seconds. Default: OPERATION_TTL_S.",
  }),
});

const PolledOperation = Operation.extend({ next_poll_delay: PollDelayToEnd });

/** Creates the routes of operations. */
export function operationsRoutes(
  services: ResourceServices & Pick<Services, "operations" | "runtime">,
): Router {
  const { authenticator, config, operations, runtime: { clock } } = services;
  const app = createRouter();
  const kind: ResourceRoutes<OperationRecord> = {
    resource: operations,
    path: "/v1/operations",
    tag: "operations",
    schema: Operation,
    view: operationView,
  };

  addCreateRoute(app, services, kind, {
    summary: "Creates an operation",
    created: "A pending operation. `Location` is its URL.",
    body: OperationInput,
    make: ({ kind, owner, ttl_s: ttlS = config.OPERATION_TTL_S }, id, now) =>
      newOperation({ kind, owner, ttlS }, id, now),
  });

  addReportRoute(app, services, kind, {
    summary: "Reports on an operation. Every report is a heartbeat, even `{}`",
    body: OperationReport,
    transition: (report) => (record, now) => reportOperation(record, report, now),
  });

  route(app, {
    method: "get",
    path: "/v1/operations/{id}",
    summary: "Returns an operation immediately",
    tags: ["operations"],
    security: READER_SECURITY,
    request: { params: IdParams },
    responses: {
      200: jsonContent("The operation. `Retry-After` until it has ended.", PolledOperation),
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    const principal = await authenticator.authenticate(c);
    const record = await findResource(c, services, principal, operations, id);
    const operation = operationView(record);
    const delayS = operationPollDelayS(record, clock.now());
    if (delayS > 0) c.header("retry-after", String(delayS));
    if (revalidate(c, operation, "private, no-cache")) return c.body(null, 304);
    return c.json({ ...operation, next_poll_delay: delayS }, 200);
  });

  addStreamRoute(app, services, kind, {
    summary: "Streams an operation to its end",
    frames:
      "`sync`, its newest event, then `progress`, one of `completed`, `failed`, `cancelled`, `expired`, and `bye`",
    pollUrl: (id) => `/v1/operations/${id}`,
  });

  route(app, {
    method: "delete",
    path: "/v1/operations/{id}",
    summary: "Cancels an operation",
    tags: ["operations"],
    security: READER_SECURITY,
    request: { params: IdParams },
    responses: {
      202: jsonContent("It ends `cancelled`. Its worker's next report answers 409.", Operation),
      ...problems(400, 401, 403, 404, 409, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    const principal = await authenticator.authenticate(c);
    await findResource(c, services, principal, operations, id);
    const record = await operations.update(id, cancelOperation);
    return c.json(operationView(record), 202);
  });

  return app;
}
