/**
 * One stream of several topics.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import { streamContent } from "../lib/http/openapi.ts";
import { findOwned } from "../lib/http/ownership.ts";
import { problems } from "../lib/http/problem_response.ts";
import {
  MAX_TOPICS,
  NewsFilterQuery,
  parseNames,
  parseNewsFilter,
  parseStreamInput,
  StreamQuery,
} from "../lib/http/query_params.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { streamResponse, withStoreFallback } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { newsTopicFilter } from "../lib/topics/news/news_filter.ts";

const TopicsQuery = z.object({
  topics: z.string().meta({ example: "quotes,news,events/alerts" }),
  ...StreamQuery.shape,
  ...NewsFilterQuery.shape,
});

/** Creates the route that streams several topics. */
export function streamRoutes(
  { authenticator, config, lookups, quotes, registry, streamOpener }: Pick<
    Services,
    "authenticator" | "config" | "lookups" | "quotes" | "registry" | "streamOpener"
  >,
): Router {
  const app = createRouter();

  route(app, {
    method: "get",
    path: "/v1/stream",
    summary: "Streams several topics on one connection",
    tags: ["streams"],
    security: [{}, { user: [] }, { publisher: [] }],
    request: { query: TopicsQuery },
    responses: {
      200: streamContent(
        "`sync`, the initial frames of each topic, then all events in the order of their ids",
      ),
      204: {
        description: "All topics have ended, and the client has received every terminal event",
      },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { query }) => {
    const names = parseNames(query.topics);
    if (names.length === 0 || names.length > MAX_TOPICS) {
      throw new Problem(400, "bad_topics", `\`topics\` must name 1 to ${MAX_TOPICS} topics.`, {
        errors: [{ field: "topics", detail: `got ${names.length}` }],
      });
    }
    const newsFilter = parseNewsFilter(query, [...quotes.instruments.keys()]);
    const filters = [
      { topic: quotes.topic, tags: newsFilter.symbols },
      newsTopicFilter(newsFilter),
    ];
    const input = parseStreamInput(query, c.req.header("last-event-id"));
    return await withStoreFallback(c, streamOpener, null, async () => {
      // Checks that need no store come first: the token, all names, the rights to them. The owners come last.
      const principal = await authenticator.authenticateStream(c);
      const requested = names.map((name) => registry.topic(name));
      const lookup = { registry, lookups, config };
      const { topics, gone } = await findOwned(c, lookup, principal, requested, {
        mayBeGone: input.cursor !== undefined,
      });
      if (topics.length === 0) return new Response(null, { status: 204 });
      return await streamResponse(c, streamOpener, {
        ...input,
        principal,
        filters: topics.map((topic) =>
          filters.find((filter) => filter.topic === topic) ?? { topic, tags: null }
        ),
        gone: gone.length > 0 ? gone : undefined,
        pollUrl: null, // several topics have no common JSON representation
      });
    });
  });

  return app;
}
