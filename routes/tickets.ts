/**
 * Tickets: for a stream of private topics, where a client cannot send a header.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { limitBody } from "../lib/http/body_limit.ts";
import { callerKey, unauthorized } from "../lib/http/auth.ts";
import type { Env } from "../lib/http/client_address.ts";
import { MOST_TOPICS } from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import { requireJson, spendPublication } from "../lib/http/publish_middleware.ts";
import { requireReader } from "../lib/http/authorize.ts";
import { createRouter } from "../lib/http/router.ts";
import { spend, TICKETS } from "../lib/http/rate_limits.ts";
import type { Services } from "../lib/services.ts";

/** Names of 32 topics take less. */
const MOST_BODY_BYTES = 16_384;

const make = createRoute({
  method: "post",
  path: "/v1/tickets",
  summary: "Makes a ticket: it opens one stream, as `?ticket=`, within 30 s",
  tags: ["streams"],
  security: [{ user: [] }, { publisher: [] }],
  middleware: [
    async (c, next) => {
      requireJson(c);
      await next();
    },
    limitBody(MOST_BODY_BYTES),
  ],
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.object({
            topics: z.array(z.string()).min(1).max(MOST_TOPICS).meta({
              description: "By their exact names. The token must be for all that are private.",
              example: ["events/alerts"],
            }),
          }),
        },
      },
    },
  },
  responses: {
    201: {
      description: "A ticket",
      content: {
        "application/json": {
          schema: z.object({ ticket: z.string(), expires_at: z.iso.datetime() }),
        },
      },
    },
    ...problems(400, 401, 403, 404, 413, 415, 429, 503),
  },
});

/** The route of tickets. */
export function ticketsRoutes(services: Services): OpenAPIHono<Env> {
  const { callers, catalogue, config, door, publishRate, tickets } = services;
  const app = createRouter();
  app.openAPIRegistry.registerComponent("securitySchemes", "user", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "HS256 by AUTH_SECRET, with `sub`, `exp` and `topics`",
  });

  app.openapi(make, async (c) => {
    const caller = await callers.of(c);
    if (caller.kind === "nobody") {
      throw unauthorized("token_needed", "A ticket is made for a token: Authorization: Bearer …");
    }
    const who = `tickets of ${callerKey(c, caller, config.CLIENT_IP_HEADER)}`;
    if (caller.kind === "publisher") spendPublication(c, publishRate);
    else spend(c, door.opens, who, TICKETS);

    const topics = [...new Set(c.req.valid("json").topics)].map((name) => catalogue.topic(name));
    requireReader(caller, topics);
    const { ticket, expiresAt } = await tickets.issue({
      sub: caller.kind === "user" ? caller.sub : undefined,
      topics: topics.map(({ name }) => name),
      endsAt: caller.kind === "user" ? caller.endsAt : undefined,
    });
    c.header("cache-control", "no-store");
    return c.json({ ticket, expires_at: new Date(expiresAt).toISOString() }, 201);
  });

  return app;
}
