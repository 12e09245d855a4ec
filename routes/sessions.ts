/**
 * Sessions: conversations with users, which clients follow to their end or poll.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { revalidate } from "../lib/http/etag.ts";
import { jsonContent, streamContent } from "../lib/http/openapi.ts";
import { findResource, Owner, READER_SECURITY } from "../lib/http/ownership.ts";
import { POLL_DELAY_S } from "../lib/http/poll_delay.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { acceptedFormat } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import {
  newSession,
  reportSession,
  Session,
  type SessionRecord,
  SessionReport,
} from "../lib/topics/sessions/session.ts";
import {
  addCreateRoute,
  addReportRoute,
  addStreamRoute,
  ENDED_RESPONSE,
  openResourceStream,
  type ResourceRoutes,
  type ResourceServices,
  STREAM_REQUEST,
} from "./resource.ts";

const SessionCheck = Session.pick({ session_state: true, progress: true }).extend({
  next_poll_delay: z.literal(POLL_DELAY_S).meta({
    description:
      "The delay before the next poll, in seconds. It is not 0 at the end either: a client that misses the end must not spin.",
  }),
  recommendation: z.string().meta({ description: "The recommended next step, as text." }),
});

const FRAMES =
  "`sync`, its newest event, then `session`, one of `completed`, `failed`, `cancelled`, `expired`, and `bye`";

/** The migration guide for clients of the former long poll, in the OpenAPI document. The `Link` header leads there. */
const LONG_POLL_GUIDE =
  `Responds immediately. \`Accept: text/event-stream\` opens the stream. \`Accept: application/json\` returns one check.

A request that names neither comes from an old client. Such a client expects a long poll of up to 30 seconds, and polls again \
as soon as it has a response. It gets a check with \`Deprecation\`, \`Sunset\` and \`Link\`. Change such a client: open an \
EventSource on the stream. Or send \`Accept: application/json\`, wait \`next_poll_delay\` seconds after each response, and stop \
when \`session_state\` is \`completed\`, \`failed\`, \`cancelled\` or \`expired\`, or at 404.`;

/** Recommends the next step to a person who reads a check. */
function recommendationFor({ session }: SessionRecord, streamUrl: string): string {
  return session.terminal
    ? "The session has ended. Stop polling."
    : `Open ${streamUrl} with EventSource: it delivers every change at once.`;
}

/** Creates the routes of sessions. */
export function sessionsRoutes(
  services: ResourceServices & Pick<Services, "sessions" | "longPolls">,
): Router {
  const { authenticator, config, sessions, longPolls } = services;
  const app = createRouter();
  const kind: ResourceRoutes<SessionRecord> = {
    resource: sessions,
    path: "/v1/sessions",
    tag: "sessions",
    schema: Session,
    view: ({ session }) => session,
  };
  const pollUrl = (id: string) => `/v1/sessions/${id}/events`;

  addCreateRoute(app, services, kind, {
    summary: "Creates a session",
    created:
      "A session in the state `started`. `Location` is its URL, above `events` and `stream`.",
    body: z.strictObject({ owner: Owner }),
    make: ({ owner }, id, now) => newSession({ owner, ttlS: config.OPERATION_TTL_S }, id, now),
  });

  addReportRoute(app, services, kind, {
    summary: "Reports on a session. Every report is a heartbeat, even `{}`",
    body: SessionReport,
    transition: (report) => (record, now) => reportSession(record, report, now),
  });

  route(app, {
    method: "get",
    path: "/v1/sessions/{id}/events",
    summary: "Returns one check immediately, or the stream, as `Accept` requests",
    description: LONG_POLL_GUIDE,
    tags: ["sessions"],
    security: READER_SECURITY,
    request: STREAM_REQUEST,
    responses: {
      200: {
        description: `The state; or a stream of server-sent events: ${FRAMES}`,
        content: {
          ...jsonContent("", SessionCheck).content,
          ...streamContent(FRAMES).content,
        },
      },
      204: ENDED_RESPONSE,
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { params: { id }, query }) => {
    c.header("vary", "Accept", { append: true });
    const format = acceptedFormat(c.req.header("accept"));
    if (format === "stream") {
      const request = { id, query, pollUrl: pollUrl(id) };
      const response = await openResourceStream(c, services, sessions, request);
      response.headers.append("vary", "Accept");
      return response;
    }

    const principal = await authenticator.authenticate(c);
    const record = await findResource(c, services, principal, sessions, id);
    const streamUrl = `/v1/sessions/${id}/stream`;
    if (format === "unsaid") longPolls.report(c, streamUrl);
    const { session_state, progress } = record.session;
    const recommendation = recommendationFor(record, streamUrl);
    const check = { session_state, progress, recommendation };
    if (revalidate(c, check, "private, no-cache")) return c.body(null, 304);
    return c.json({ session_state, progress, next_poll_delay: POLL_DELAY_S, recommendation }, 200);
  });

  addStreamRoute(app, services, kind, {
    summary: "Streams a session to its end",
    frames: FRAMES,
    pollUrl,
  });

  return app;
}
