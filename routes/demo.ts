/**
 * The routes of the demo: an operation to watch without a back end and without a token.
 *
 * @module
 */
import { Problem } from "../lib/core/problem.ts";
import { isoTime } from "../lib/core/time.ts";
import { createRateLimit } from "../lib/guard/rate_limit.ts";
import { clientKey } from "../lib/http/client_address.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { IdParams } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import { consume, DEMO_OPERATIONS } from "../lib/http/rate_limits.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { TicketResponse } from "../lib/http/tickets.ts";
import type { Services } from "../lib/services.ts";
import { DEMO_OPERATION, startDemoOperation } from "../lib/topics/operations/demo_operation.ts";
import { Operation, operationView } from "../lib/topics/operations/operation.ts";

/** The most operations and tickets of one client per minute, together. */
const MAX_DEMO_REQUESTS_PER_MINUTE = 30;

/** Creates the routes of the demo. Only a demo mounts them. */
export function demoRoutes(
  { config, operations, tickets, runtime: { clock, log } }: Pick<
    Services,
    "config" | "operations" | "tickets" | "runtime"
  >,
): Router {
  const app = createRouter();
  const rate = createRateLimit(clock, MAX_DEMO_REQUESTS_PER_MINUTE);

  app.use("/demo/*", async (c, next) => {
    if (c.req.method === "POST") {
      consume(c, rate, clientKey(c, config.CLIENT_IP_HEADER), DEMO_OPERATIONS);
    }
    await next();
  });

  route(app, {
    method: "post",
    path: "/demo/operations",
    summary: "Demo: creates an operation that reports progress for some seconds, then completes",
    tags: ["demo"],
    request: {},
    responses: {
      201: jsonContent("The operation is pending. `Location` issues tickets for it.", Operation),
      ...problems(429, 503),
    },
  }, async (c) => {
    const operation = operationView(await startDemoOperation({ clock, log, operations }));
    c.header("location", `/demo/operations/${operation.id}/tickets`);
    return c.json(operation, 201);
  });

  route(app, {
    method: "post",
    path: "/demo/operations/{id}/tickets",
    summary: "Demo: issues a ticket for the stream of such an operation",
    tags: ["demo"],
    request: { params: IdParams },
    responses: {
      201: jsonContent(
        "A ticket: it opens one stream, as `?ticket=`, within 30 s",
        TicketResponse,
      ),
      ...problems(404, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    const record = await operations.get(id);
    // The owner of any other operation has an access token, and does not need a ticket of the demo.
    if (
      record?.operation.owner !== DEMO_OPERATION.owner ||
      record.operation.kind !== DEMO_OPERATION.kind
    ) {
      throw new Problem(404, "unknown_operation", "The demo has no operation with this id.");
    }
    const { ticket, expiresAt } = await tickets.issue({
      sub: undefined, // so that its streams count for the client's address, not for one user whom all clients share
      topics: [operations.topicOf(id).name],
      expiresAt: undefined,
    });
    c.header("cache-control", "no-store");
    return c.json({ ticket, expires_at: isoTime(expiresAt) }, 201);
  });

  return app;
}
