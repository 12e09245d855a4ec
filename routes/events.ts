/**
 * The channels of the settings: publish and subscribe.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { jsonContent, streamContent } from "../lib/http/openapi.ts";
import { parseStreamInput, StreamQuery } from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  eventBodyLimit,
  IdempotencyHeaders,
  readIdempotencyKey,
  requirePublisher,
} from "../lib/http/publish_middleware.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { channelTopicName } from "../lib/topics/channels.ts";

const ChannelParams = z.object({ channel: z.string().meta({ example: "alerts" }) });

const EventBody = z.object({
  type: z.string().meta({ example: "price_alert" }),
  data: z.unknown(),
});

/** Creates the routes of the channels in the settings. */
export function eventsRoutes(
  { authenticator, config, hub, publishRate, registry, streamOpener }: Pick<
    Services,
    "authenticator" | "config" | "hub" | "publishRate" | "registry" | "streamOpener"
  >,
): Router {
  const app = createRouter();

  route(app, {
    method: "post",
    path: "/v1/events/{channel}",
    summary: "Publishes an event",
    tags: ["events"],
    security: [{ publisher: [] }],
    middleware: [
      requirePublisher({ config, publishRate }),
      eventBodyLimit(config.MAX_EVENT_BYTES),
    ],
    request: { params: ChannelParams, headers: IdempotencyHeaders, body: EventBody },
    responses: {
      202: jsonContent(
        "The event is in the log. Its frames may arrive before or after this response.",
        z.object({ id: z.string() }),
      ),
      ...problems(400, 401, 403, 404, 413, 415, 422, 429, 503),
    },
  }, async (c, { params: { channel }, headers, body: { type, data } }) => {
    const topic = registry.topic(channelTopicName(channel));
    const idempotencyKey = await readIdempotencyKey(c, headers["idempotency-key"]);
    const event = { type, data: { channel, data } };
    const [id] = await hub.publish(topic, [event], { idempotencyKey });
    if (id === undefined) throw new TypeError("Cannot respond: the log assigned no id");
    return c.json({ id }, 202);
  });

  route(app, {
    method: "get",
    path: "/v1/events/{channel}/stream",
    summary: "Streams a channel",
    tags: ["events"],
    security: [{}, { user: [] }, { publisher: [] }],
    request: { params: ChannelParams, query: StreamQuery },
    responses: {
      200: streamContent("`sync`, then the channel's types with `{ channel, data }`"),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { params: { channel }, query }) => {
    const principal = await authenticator.authenticateStream(c);
    return await streamResponse(c, streamOpener, {
      ...parseStreamInput(query, c.req.header("last-event-id")),
      principal,
      filters: [{ topic: registry.topic(channelTopicName(channel)), tags: null }], // all events of the channel
      pollUrl: null, // a channel has no JSON representation
    });
  });

  return app;
}
