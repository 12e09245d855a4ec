/**
 * What the demo alone has: an operation to look at, for whoever has no back end and no token.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import { createRateLimit } from "../lib/guard/rate_limit.ts";
import { type AppEnv, clientKey } from "../lib/http/client_address.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { IdParams } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter } from "../lib/http/router.ts";
import { consume, DEMO_OPERATIONS } from "../lib/http/rate_limits.ts";
import type { Services } from "../lib/services.ts";
import { Operation, shown } from "../lib/topics/operations/operation.ts";
import { REHEARSAL, rehearse } from "../lib/topics/operations/demo_operation.ts";
import { operationTopic } from "../lib/topics/operations/topic.ts";

/** What one caller may begin a minute, and tickets for it. */
const PER_MINUTE = 30;

/** The routes of the demo. Whoever has none does not mount them. */
export function demoRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { config, operations, tickets, runtime } = services;
  const { clock, log } = runtime;
  const app = createRouter();
  const rate = createRateLimit(clock, PER_MINUTE);

  const begin = createRoute({
    method: "post",
    path: "/demo/operations",
    summary: "In the demo: begins an operation that reports for some seconds, and then completes",
    tags: ["demo"],
    responses: {
      201: jsonContent("It is pending. `Location` says where tickets for it are made.", Operation),
      ...problems(429, 503),
    },
  });

  const makeTicket = createRoute({
    method: "post",
    path: "/demo/operations/{id}/tickets",
    summary: "In the demo: makes a ticket to follow such an operation",
    tags: ["demo"],
    request: { params: IdParams },
    responses: {
      201: jsonContent(
        "A ticket: it opens one stream, as `?ticket=`, within 30 s",
        z.object({ ticket: z.string(), expires_at: z.iso.datetime() }),
      ),
      ...problems(404, 429, 503),
    },
  });

  app.use("/demo/*", async (c, next) => {
    if (c.req.method === "POST") {
      consume(c, rate, clientKey(c, config.CLIENT_IP_HEADER), DEMO_OPERATIONS);
    }
    await next();
  });

  app.openapi(begin, async (c) => {
    const operation = shown(await rehearse({ clock, log, operations }));
    c.header("location", `/demo/operations/${operation.id}/tickets`);
    return c.json(operation, 201);
  });

  app.openapi(makeTicket, async (c) => {
    const { id } = c.req.valid("param");
    const kept = await operations.look(id);
    // Others have owners, who have tokens.
    if (kept?.operation.owner !== REHEARSAL.owner || kept.operation.kind !== REHEARSAL.kind) {
      throw new Problem(404, "unknown_operation", "There is no such operation of the demo.");
    }
    const { ticket, expiresAt } = await tickets.issue({
      sub: undefined, // so that its streams count for the address, not for one user that all share
      topics: [operationTopic(id).name],
      endsAt: undefined,
    });
    c.header("cache-control", "no-store");
    return c.json({ ticket, expires_at: new Date(expiresAt).toISOString() }, 201);
  });

  return app;
}
