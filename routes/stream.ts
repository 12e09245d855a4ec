/**
 * Several topics on one connection.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import type { Env } from "../lib/http/connection.ts";
import {
  MOST_TOPICS,
  namesIn,
  sourceFilter,
  SourceQuery,
  streamInput,
  StreamQuery,
  symbolFilter,
  SymbolsQuery,
} from "../lib/http/input.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter } from "../lib/http/router.ts";
import { streamContent } from "../lib/http/stream_document.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { SYMBOLS } from "../lib/topics/quotes/symbols.ts";

const stream = createRoute({
  method: "get",
  path: "/v1/stream",
  summary: "Several topics on one connection",
  tags: ["streams"],
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
    ...problems(400, 401, 404, 429, 503),
  },
});

/** The route of several topics. */
export function streamRoutes({ catalogue, market, news, door }: Services): OpenAPIHono<Env> {
  const app = createRouter();

  app.openapi(stream, (c) => {
    const query = c.req.valid("query");
    const names = namesIn(query.topics);
    if (names.length === 0 || names.length > MOST_TOPICS) {
      throw new Problem(400, "bad_topics", `1 to ${MOST_TOPICS} topics are to be named.`, {
        errors: [{ field: "topics", detail: `${names.length} are named` }],
      });
    }
    const filters = new Map([
      [market.topic, symbolFilter(query.symbols, SYMBOLS)],
      [news.topic, sourceFilter(query.source)],
    ]);
    const wishes = names.map((name) => catalogue.topic(name))
      .map((topic) => ({ topic, tags: filters.get(topic) ?? null }));
    return streamResponse(c, door, {
      ...streamInput(query, c.req.header("last-event-id")),
      wishes,
      pollUrl: null,
    });
  });

  return app;
}
