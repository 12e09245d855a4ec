/**
 * Sessions: a conversation with one of a team's users, followed to its end or asked about.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Problem } from "../lib/core/problem.ts";
import { acceptedFormat } from "../lib/http/stream_response.ts";
import type { Principal } from "../lib/http/auth.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { POLL_S } from "../lib/http/openapi.ts";
import { isUnchanged } from "../lib/http/etag.ts";
import { StreamQuery } from "../lib/http/query_params.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { resourceStream } from "../lib/http/stream_response.ts";
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
import { Change, isOver, type Kept, Session } from "../lib/topics/sessions/session.ts";
import { sessionTopic } from "../lib/topics/sessions/topic.ts";

const following = { params: IdParams, query: StreamQuery };

const Beginning = z.strictObject({ owner: Owner });

const Check = Session.pick({ session_state: true, progress: true }).extend({
  next_poll_delay: z.literal(POLL_S).meta({
    description:
      "Seconds until it is worth asking again. At the end too: who does not see it shall not spin.",
  }),
  recommendation: z.string().meta({ description: "For people: what to do next." }),
});

const FRAMES =
  "`sync`, its newest event, then `session`, one of `completed`, `failed`, `cancelled`, `expired`, and `bye`";

const OVER = { description: "It is over, and the cursor says that this was told" };

/** What clients of the old long poll are to do, in the API's document: `Link` leads here. */
const GUIDE =
  `Answers at once. \`Accept: text/event-stream\` opens the stream; \`Accept: application/json\` is one check.

A request that names neither is taken for one of an old client, which expects to wait here for up to 30 seconds and asks \
again as soon as it is answered. It is answered with a check, and told by \`Deprecation\`, \`Sunset\` and \`Link\`. Such a client \
is to open an EventSource on the stream; or to send \`Accept: application/json\`, wait \`next_poll_delay\` seconds after each \
answer, and stop when \`session_state\` is \`completed\`, \`failed\`, \`cancelled\` or \`expired\`, or at 404.`;

/** The same for one that is not there and one that is another's. */
export function unknownSession(): Problem {
  return new Problem(404, "unknown_session", "There is no such session.");
}

/** What became of a change, or why nothing did. @throws {Problem} 404, 409. */
function done(outcome: Kept | "over" | null): Session {
  if (outcome === null) throw unknownSession();
  if (outcome !== "over") return outcome.session;
  throw sessionOver();
}

/** What is said to who wants something of a session that has ended. */
export function sessionOver(): Problem {
  return new Problem(409, "session_over", "The session has ended: nothing comes after its end.");
}

/** A session that is there and the caller's. @throws {Problem} 401, 403, 404, 429. */
export function findSession(
  c: Context<AppEnv>,
  services: Services,
  principal: Principal,
  id: string,
): Promise<Kept> {
  return findResource(c, services, principal, {
    name: sessionTopic(id).name,
    look: () => services.sessions.look(id),
    ownerOf: ({ session }) => session.owner,
    unknown: unknownSession(),
  });
}

function recommendationFor(kept: Kept, streamUrl: string): string {
  return isOver(kept)
    ? "The session is over: it need not be asked about again."
    : `Follow ${streamUrl} with EventSource: it tells every change as it happens.`;
}

/** The routes of sessions. */
export function sessionsRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { authenticator, config, streamOpener, sessions, longPolls } = services;
  const app = createRouter();

  const publisherOnly = [requirePublisher(services), eventBodyLimit(config.MAX_EVENT_BYTES)];

  const create = createRoute({
    method: "post",
    path: "/v1/sessions",
    summary: "Begins a session",
    tags: ["sessions"],
    security: [{ publisher: [] }],
    middleware: publisherOnly,
    request: {
      headers: z.object({ "idempotency-key": IdempotencyHeader }),
      body: { required: true, content: { "application/json": { schema: Beginning } } },
    },
    responses: {
      201: jsonContent(
        "It is `started`. `Location` is where its changes go; below it are `events` and `stream`.",
        Session,
      ),
      ...problems(400, 401, 403, 413, 415, 422, 429, 503),
    },
  });

  const change = createRoute({
    method: "patch",
    path: "/v1/sessions/{id}",
    summary: "Says where it is: every change is a sign of life, and be it `{}`",
    tags: ["sessions"],
    security: [{ publisher: [] }],
    middleware: publisherOnly,
    request: {
      params: IdParams,
      body: { required: true, content: { "application/json": { schema: Change } } },
    },
    responses: {
      200: jsonContent("What became of it", Session),
      ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
    },
  });

  const events = createRoute({
    method: "get",
    path: "/v1/sessions/{id}/events",
    summary: "One check at once, or the stream, as `Accept` says",
    description: GUIDE,
    tags: ["sessions"],
    security: READER_SECURITY,
    request: following,
    responses: {
      200: {
        description: `Where it is; or a stream of server-sent events: ${FRAMES}`,
        content: {
          ...jsonContent("", Check).content,
          ...streamContent(FRAMES).content,
        },
      },
      204: OVER,
      304: { description: "As `If-None-Match` has it" },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  });

  const stream = createRoute({
    method: "get",
    path: "/v1/sessions/{id}/stream",
    summary: "A session, live to its end",
    tags: ["sessions"],
    security: READER_SECURITY,
    request: following,
    responses: {
      200: streamContent(FRAMES),
      204: OVER,
      ...problems(400, 401, 403, 404, 429, 503),
    },
  });

  function follow(c: Context<AppEnv>, id: string, query: z.infer<typeof StreamQuery>) {
    return resourceStream(c, streamOpener, query, {
      topic: sessionTopic(id),
      pollUrl: `/v1/sessions/${id}/events`,
      find: (principal) => findSession(c, services, principal, id),
    });
  }

  app.openapi(create, async (c) => {
    const idempotencyKey = await idempotencyKeyOf(c, c.req.valid("header")["idempotency-key"]);
    const { session } = await sessions.create(c.req.valid("json"), idempotencyKey);
    c.header("location", `/v1/sessions/${session.id}`);
    return c.json(session, 201);
  });

  app.openapi(
    change,
    async (c) =>
      c.json(done(await sessions.change(c.req.valid("param").id, c.req.valid("json"))), 200),
  );

  app.openapi(events, async (c) => {
    const { id } = c.req.valid("param");
    c.header("vary", "Accept", { append: true });
    const format = acceptedFormat(c.req.header("accept"));
    if (format === "stream") {
      const response = await follow(c, id, c.req.valid("query"));
      response.headers.append("vary", "Accept");
      return response;
    }

    const kept = await findSession(c, services, await authenticator.authenticate(c), id);
    const streamUrl = `/v1/sessions/${id}/stream`;
    if (format === "unsaid") longPolls.report(c, streamUrl);
    const { session_state, progress } = kept.session;
    const recommendation = recommendationFor(kept, streamUrl);
    const seen = { session_state, progress, recommendation };
    if (isUnchanged(c, seen, "private, no-cache")) return c.body(null, 304);
    return c.json({ session_state, progress, next_poll_delay: POLL_S, recommendation }, 200);
  });

  app.openapi(stream, (c) => follow(c, c.req.valid("param").id, c.req.valid("query")));

  return app;
}
