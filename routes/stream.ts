/**
 * Several topics on one connection.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import {
  MAX_TOPICS,
  namesIn,
  sourceFilter,
  SourceQuery,
  streamInput,
  StreamQuery,
  symbolFilter,
  SymbolsQuery,
} from "../lib/http/query_params.ts";
import { findOwned } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import { addRoute, readQuery } from "../lib/http/route.ts";
import { createRouter } from "../lib/http/router.ts";
import { streamContent } from "../lib/http/stream_document.ts";
import { streamResponse, withStoreFallback } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { SYMBOLS } from "../lib/topics/quotes/instruments.ts";

const stream = createRoute({
  method: "get",
  path: "/v1/stream",
  summary: "Several topics on one connection",
  tags: ["streams"],
  security: [{}, { user: [] }, { publisher: [] }],
  request: {
    query: z.object({
      topics: z.string().meta({ example: "quotes,news,events/alerts" }),
      ...StreamQuery.shape,
      ...SymbolsQuery.shape,
      ...SourceQuery.shape,
    }),
  },
  responses: {
    200: streamContent("`sync`, what each topic opens with, then all that happens, by id"),
    204: { description: "All that was asked for is over, and was told: nothing comes any more" },
    ...problems(400, 401, 403, 404, 429, 503),
  },
});

/** The route of several topics. */
export function streamRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { authenticator, registry, quotes: market, news, streamOpener } = services;
  const app = createRouter();

  addRoute(app, stream, async (c) => {
    const query = readQuery(c, stream.request.query);
    const names = namesIn(query.topics);
    if (names.length === 0 || names.length > MAX_TOPICS) {
      throw new Problem(400, "bad_topics", `1 to ${MAX_TOPICS} topics are to be named.`, {
        errors: [{ field: "topics", detail: `${names.length} are named` }],
      });
    }
    const filters = new Map([
      [market.topic, symbolFilter(query.symbols, SYMBOLS)],
      [news.topic, sourceFilter(query.source)],
    ]);
    const input = streamInput(query, c.req.header("last-event-id"));
    return await withStoreFallback(c, streamOpener, null, async () => {
      // All of it before any topic is opened: the token, the names, the rights to each, and only then whose they are.
      const principal = await authenticator.authenticateStream(c);
      const asked = names.map((name) => registry.topic(name));
      const mayBeGone = input.cursor !== undefined;
      const { topics, gone } = await findOwned(c, services, principal, asked, mayBeGone);
      if (topics.length === 0) return new Response(null, { status: 204 });
      return await streamResponse(c, streamOpener, {
        ...input,
        principal,
        filters: topics.map((topic) => ({ topic, tags: filters.get(topic) ?? null })),
        gone: gone.length > 0 ? gone : undefined,
        pollUrl: null,
      });
    });
  });

  return app;
}
