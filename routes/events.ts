/**
 * The operator's channels: publish, and follow.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "../lib/http/client_address.ts";
import { streamInput, StreamQuery } from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  eventBodyLimit,
  IdempotencyHeader,
  idempotencyKeyOf,
  requirePublisher,
} from "../lib/http/publish_middleware.ts";
import { addRoute, readHeader, readJson, readQuery } from "../lib/http/route.ts";
import { createRouter } from "../lib/http/router.ts";
import { streamContent } from "../lib/http/stream_document.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { channelTopicName } from "../lib/topics/channels.ts";

const params = z.object({ channel: z.string().meta({ example: "alerts" }) });

const Body = z.object({
  type: z.string().meta({ example: "price_alert" }),
  data: z.unknown(),
});

/** The routes of the channels in the settings. */
export function eventsRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { authenticator, registry, config, hub, streamOpener } = services;
  const app = createRouter();

  const publish = createRoute({
    method: "post",
    path: "/v1/events/{channel}",
    summary: "Publishes an event",
    tags: ["events"],
    security: [{ publisher: [] }],
    request: {
      params,
      headers: z.object({ "idempotency-key": IdempotencyHeader }),
      body: {
        required: true,
        content: { "application/json": { schema: Body } },
      },
    },
    responses: {
      202: {
        description: "It is in the log. Its frames may come before or after this answer.",
        content: { "application/json": { schema: z.object({ id: z.string() }) } },
      },
      ...problems(400, 401, 403, 404, 413, 415, 422, 429, 503),
    },
  });

  const stream = createRoute({
    method: "get",
    path: "/v1/events/{channel}/stream",
    summary: "A channel, live",
    tags: ["events"],
    security: [{}, { user: [] }, { publisher: [] }],
    request: { params, query: StreamQuery },
    responses: {
      200: streamContent("`sync`, then the channel's types with `{ channel, data }`"),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  });

  const checks = [requirePublisher(services), eventBodyLimit(config.MAX_EVENT_BYTES)];
  addRoute(app, publish, ...checks, async (c) => {
    const channel = c.req.param("channel") ?? "";
    const key = readHeader(c, "idempotency-key", IdempotencyHeader);
    const { type, data } = await readJson(c, Body);
    const topic = registry.topic(channelTopicName(channel));
    const idempotencyKey = await idempotencyKeyOf(c, key);
    const [id = ""] = await hub.publish(topic, [{ type, data: { channel, data } }], {
      idempotencyKey,
    });
    return c.json({ id }, 202);
  });

  addRoute(app, stream, async (c) => {
    const query = readQuery(c, stream.request.query);
    const channel = c.req.param("channel") ?? "";
    const principal = await authenticator.authenticateStream(c);
    const topic = registry.topic(channelTopicName(channel));
    return await streamResponse(c, streamOpener, {
      ...streamInput(query, c.req.header("last-event-id")),
      principal,
      filters: [{ topic, tags: null }],
      pollUrl: null,
    });
  });

  return app;
}
