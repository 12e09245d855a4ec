/**
 * The routes that all kinds of resources share: create, report, stream.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv } from "../lib/http/app_env.ts";
import { jsonContent, streamContent } from "../lib/http/openapi.ts";
import { findResource, IdParams, READER_SECURITY } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  eventBodyLimit,
  IdempotencyHeaders,
  readIdempotencyKey,
  requirePublisher,
} from "../lib/http/publish_middleware.ts";
import { parseStreamInput, StreamQuery } from "../lib/http/query_params.ts";
import { route, type Router } from "../lib/http/route.ts";
import { streamResponse, withStoreFallback } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import type { Resource, Transition } from "../lib/topics/resource.ts";

/** The response 204 of a stream. EventSource does not reconnect after it. */
export const ENDED_RESPONSE = {
  description: "It has ended, and the cursor is at or after its end",
};

/** The parameters of the stream of one resource. */
export const STREAM_REQUEST = { params: IdParams, query: StreamQuery };

/** The dependencies of the shared routes. */
export type ResourceServices = Pick<
  Services,
  "authenticator" | "config" | "lookups" | "publishRate" | "streamOpener"
>;

/** A kind of resources, as its routes present it. */
export interface ResourceRoutes<R extends object> {
  readonly resource: Resource<R>;
  /** The path of the collection, such as `/v1/operations`. */
  readonly path: string;
  readonly tag: string;
  /** The shape of a resource on the wire. */
  readonly schema: z.ZodType;
  /** Returns the resource as readers get it. */
  view(record: R): object;
}

/** Creates the middleware of a route that publishes. @param hasBody False if the route takes no body. */
export function publisherOnly(
  { config, publishRate }: ResourceServices,
  { hasBody = true }: { readonly hasBody?: boolean } = {},
): MiddlewareHandler<AppEnv>[] {
  return [
    requirePublisher({ config, publishRate }, { hasBody }),
    eventBodyLimit(config.MAX_EVENT_BYTES),
  ];
}

/** Adds `POST <path>`. */
export function addCreateRoute<R extends object, Body>(
  app: Router,
  services: ResourceServices,
  { resource, path, tag, schema, view }: ResourceRoutes<R>,
  { summary, created, body, make }: {
    readonly summary: string;
    /** The description of the response. */
    readonly created: string;
    readonly body: z.ZodType<Body>;
    make(body: Body, id: string, now: number): R;
  },
): void {
  route(app, {
    method: "post",
    path,
    summary,
    tags: [tag],
    security: [{ publisher: [] }],
    middleware: publisherOnly(services),
    request: { headers: IdempotencyHeaders, body },
    responses: {
      201: jsonContent(created, schema),
      ...problems(400, 401, 403, 413, 415, 422, 429, 503),
    },
  }, async (c, { headers, body }) => {
    const idempotencyKey = await readIdempotencyKey(c, headers["idempotency-key"]);
    const record = await resource.create((id, now) => make(body, id, now), idempotencyKey);
    c.header("location", `${path}/${resource.idOf(record)}`);
    return c.json(view(record), 201);
  });
}

/** Adds `PATCH <path>/{id}`. */
export function addReportRoute<R extends object, Body>(
  app: Router,
  services: ResourceServices,
  { resource, path, tag, schema, view }: ResourceRoutes<R>,
  { summary, body, transition }: {
    readonly summary: string;
    readonly body: z.ZodType<Body>;
    transition(body: Body): Transition<R>;
  },
): void {
  route(app, {
    method: "patch",
    path: `${path}/{id}`,
    summary,
    tags: [tag],
    security: [{ publisher: [] }],
    middleware: publisherOnly(services),
    request: { params: IdParams, body },
    responses: {
      200: jsonContent(`The ${resource.noun} after the report`, schema),
      ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
    },
  }, async (c, { params: { id }, body }) => {
    return c.json(view(await resource.report(id, transition(body))), 200);
  });
}

/** Adds `GET <path>/{id}/stream`. */
export function addStreamRoute<R extends object>(
  app: Router,
  services: ResourceServices,
  { resource, path, tag }: Pick<ResourceRoutes<R>, "resource" | "path" | "tag">,
  { summary, frames, pollUrl }: {
    readonly summary: string;
    /** The description of the frames of the stream. */
    readonly frames: string;
    /** Returns the URL of the resource as JSON. */
    pollUrl(id: string): string;
  },
): void {
  route(
    app,
    {
      method: "get",
      path: `${path}/{id}/stream`,
      summary,
      tags: [tag],
      security: READER_SECURITY,
      request: STREAM_REQUEST,
      responses: {
        200: streamContent(frames),
        204: ENDED_RESPONSE,
        ...problems(400, 401, 403, 404, 429, 503),
      },
    },
    (c, { params: { id }, query }) =>
      openResourceStream(c, services, resource, { id, query, pollUrl: pollUrl(id) }),
  );
}

/**
 * Opens the stream of a resource that the caller owns.
 *
 * @throws {Problem} As `findResource()` and `streamResponse()`.
 */
export async function openResourceStream<R extends object>(
  c: Context<AppEnv>,
  services: ResourceServices,
  resource: Resource<R>,
  { id, query, pollUrl }: {
    readonly id: string;
    readonly query: z.infer<typeof StreamQuery>;
    readonly pollUrl: string;
  },
): Promise<Response> {
  const { streamOpener } = services;
  return await withStoreFallback(c, streamOpener, pollUrl, async () => {
    const principal = await streamOpener.authenticator.authenticateStream(c);
    await findResource(c, services, principal, resource, id);
    return await streamResponse(c, streamOpener, {
      ...parseStreamInput(query, c.req.header("last-event-id")),
      principal,
      filters: [{ topic: resource.topicOf(id), tags: null }], // all events of the resource
      pollUrl,
    });
  });
}
