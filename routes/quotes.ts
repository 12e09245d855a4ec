/**
 * Quotes: as JSON, and as a stream.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "../lib/http/client_address.ts";
import { isUnchanged } from "../lib/http/etag.ts";
import { streamInput, StreamQuery, symbolFilter, SymbolsQuery } from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import { addRoute, readQuery } from "../lib/http/route.ts";
import { createRouter } from "../lib/http/router.ts";
import { streamContent } from "../lib/http/stream_document.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { Snapshot } from "../lib/topics/quotes/quote.ts";
import { SYMBOLS } from "../lib/topics/quotes/instruments.ts";

const list = createRoute({
  method: "get",
  path: "/v1/quotes",
  summary: "What is known now",
  tags: ["quotes"],
  request: { query: SymbolsQuery },
  responses: {
    200: {
      description: "Quotes, and how those who give them are doing. A GET counts as watching.",
      headers: { etag: { schema: { type: "string" } } },
      content: {
        "application/json": {
          schema: z.object({
            ...Snapshot.shape,
            cursor: z.string().nullable().meta({
              description: "A stream may go on from there. Null while that cannot be told.",
            }),
            next_poll_delay: z.int().meta({ description: "Seconds." }),
          }),
        },
      },
    },
    304: { description: "As before" },
    ...problems(400),
  },
});

const stream = createRoute({
  method: "get",
  path: "/v1/quotes/stream",
  summary: "Quotes, live",
  tags: ["quotes"],
  request: { query: StreamQuery.extend(SymbolsQuery.shape) },
  responses: {
    200: streamContent("`sync`, `snapshot`, then `quote` and `status` as they change"),
    ...problems(400, 429, 503),
  },
});

/** The routes of quotes. */
export function quotesRoutes({ quotes: market, streamOpener }: Services): OpenAPIHono<AppEnv> {
  const app = createRouter();

  app.openapi(list, async (c) => {
    const symbols = symbolFilter(c.req.valid("query").symbols, SYMBOLS);
    if (c.req.method !== "HEAD") await market.watch();
    const { quotes, status, cursor } = await market.snapshot(symbols);
    if (isUnchanged(c, { quotes, status }, "no-cache")) return c.body(null, 304);
    return c.json({ quotes, status, cursor, next_poll_delay: market.nextPollDelayS }, 200);
  });

  addRoute(app, stream, (c) => {
    const query = readQuery(c, stream.request.query);
    const tags = symbolFilter(query.symbols, SYMBOLS);
    return streamResponse(c, streamOpener, {
      ...streamInput(query, c.req.header("last-event-id")),
      filters: [{ topic: market.topic, tags }],
      pollUrl: tags === null ? "/v1/quotes" : `/v1/quotes?symbols=${tags.join(",")}`,
    });
  });

  return app;
}
