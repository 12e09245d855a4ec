/**
 * Tickets: streams of private topics for clients that cannot send a header.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isoTime } from "../lib/core/time.ts";
import { unauthorized } from "../lib/http/auth.ts";
import { authorizeReader } from "../lib/http/authorize.ts";
import { limitBody } from "../lib/http/body_limit.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { problems } from "../lib/http/problem_response.ts";
import { consumePublication, requireJson } from "../lib/http/publish_middleware.ts";
import { MAX_TOPICS } from "../lib/http/query_params.ts";
import { consume, principalKey, TICKETS } from "../lib/http/rate_limits.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { TicketResponse } from "../lib/http/tickets.ts";
import type { Services } from "../lib/services.ts";

/** The largest body. The names of {@linkcode MAX_TOPICS} topics are shorter. */
const MAX_TICKET_BODY_BYTES = 16_384;

const TicketBody = z.object({
  topics: z.array(z.string()).min(1).max(MAX_TOPICS).meta({
    description: "The exact names. The token must include every private one.",
    example: ["events/alerts"],
  }),
});

/** Creates the route of tickets. */
export function ticketsRoutes(
  { authenticator, config, publishRate, registry, streamOpener, tickets }: Pick<
    Services,
    "authenticator" | "config" | "publishRate" | "registry" | "streamOpener" | "tickets"
  >,
): Router {
  const app = createRouter();
  app.openAPIRegistry.registerComponent("securitySchemes", "user", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "A JWT, HS256 by `AUTH_SECRET`, with `sub`, `exp` and `topics`",
  });

  route(app, {
    method: "post",
    path: "/v1/tickets",
    summary: "Issues a ticket: it opens one stream, as `?ticket=`, within 30 s",
    tags: ["streams"],
    security: [{ user: [] }, { publisher: [] }],
    middleware: [requireJson, limitBody(MAX_TICKET_BODY_BYTES)],
    request: { body: TicketBody },
    responses: {
      201: jsonContent("The ticket and its expiry", TicketResponse),
      ...problems(400, 401, 403, 404, 413, 415, 429, 503),
    },
  }, async (c, { body }) => {
    const principal = await authenticator.authenticate(c);
    if (principal.kind === "anonymous") {
      throw unauthorized(
        "token_needed",
        "A ticket needs an access token. Send `Authorization: Bearer …`.",
      );
    }
    const client = `tickets of ${principalKey(c, principal, config.CLIENT_IP_HEADER)}`;
    if (principal.kind === "publisher") consumePublication(c, publishRate);
    else consume(c, streamOpener.opens, client, TICKETS);

    const topics = [...new Set(body.topics)].map((name) => registry.topic(name));
    authorizeReader(principal, topics);
    const { ticket, expiresAt } = await tickets.issue({
      sub: principal.kind === "user" ? principal.sub : undefined,
      topics: topics.map(({ name }) => name),
      expiresAt: principal.kind === "user" ? principal.expiresAt : undefined,
    });
    c.header("cache-control", "no-store");
    return c.json({ ticket, expires_at: isoTime(expiresAt) }, 201);
  });

  return app;
}
