/**
 * Quotes, as JSON and as a stream.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { revalidate } from "../lib/http/etag.ts";
import { streamContent, taggedJsonContent } from "../lib/http/openapi.ts";
import {
  parseStreamInput,
  parseSymbol,
  parseSymbolFilter,
  StreamQuery,
  SymbolsQuery,
} from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { QuoteHistory } from "../lib/topics/quotes/history/quote_history.ts";
import { HistoryRange } from "../lib/topics/quotes/history/range.ts";
import { QuoteClass, QuotesSnapshot, WireInstrument } from "../lib/topics/quotes/quote.ts";

const QuoteList = z.object({
  ...QuotesSnapshot.shape,
  cursor: z.string().nullable().meta({
    description: "A stream may continue from it. Null while the store is unavailable.",
  }),
  next_poll_delay: z.int().meta({ description: "Seconds before the next poll." }),
});

const InstrumentList = z.object({ instruments: z.array(WireInstrument) });

const InstrumentsQuery = z.strictObject({
  class: QuoteClass.optional().meta({ description: "Instruments of this class only." }),
});

const SymbolParam = z.string().meta({ example: "BTC-USD" });

const HistoryQuery = z.object({
  range: HistoryRange.default("1d").meta({ description: "The time that the bars cover." }),
});

/** Creates the routes of quotes. */
export function quotesRoutes(
  { quotes: service, streamOpener }: Pick<Services, "quotes" | "streamOpener">,
): Router {
  const app = createRouter();
  const symbols = [...service.instruments.keys()];

  route(app, {
    method: "get",
    path: "/v1/quotes",
    summary: "Returns the latest quotes and the status of their providers",
    tags: ["quotes"],
    request: { query: SymbolsQuery },
    responses: {
      200: taggedJsonContent(
        "The quotes and the status of their providers. A GET keeps the pollers running.",
        QuoteList,
      ),
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400),
    },
  }, async (c, { query }) => {
    const tags = parseSymbolFilter(query.symbols, symbols);
    if (c.req.method !== "HEAD") await service.watch();
    const { quotes, status, cursor } = await service.snapshot(tags);
    if (revalidate(c, { quotes, status }, "no-cache")) return c.body(null, 304);
    return c.json({ quotes, status, cursor, next_poll_delay: service.nextPollDelayS }, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/instruments",
    summary: "Lists the instruments that are quoted here, with the providers that serve them",
    tags: ["quotes"],
    request: { query: InstrumentsQuery },
    responses: {
      200: taggedJsonContent("The instruments, in the order of every table.", InstrumentList),
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400),
    },
  }, (c, { query }) => {
    const instruments = service.listing.filter((instrument) =>
      query.class === undefined || instrument.class === query.class
    );
    if (revalidate(c, { instruments }, "no-cache")) return c.body(null, 304);
    return c.json({ instruments }, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/quotes/{symbol}/history",
    summary: "Returns the history of a symbol",
    tags: ["quotes"],
    request: { params: z.object({ symbol: SymbolParam }), query: HistoryQuery },
    responses: {
      200: taggedJsonContent(
        "At most 500 bars, up to the latest price. A GET keeps the pollers running.",
        QuoteHistory,
      ),
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400),
    },
  }, async (c, { params, query }) => {
    const symbol = parseSymbol(params.symbol, symbols);
    if (c.req.method !== "HEAD") await service.watch();
    const history = await service.history(symbol, query.range);
    if (revalidate(c, history, "no-cache")) return c.body(null, 304);
    return c.json(history, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/quotes/stream",
    summary: "Streams quotes",
    tags: ["quotes"],
    request: { query: StreamQuery.extend(SymbolsQuery.shape) },
    responses: {
      200: streamContent("`sync`, `snapshot`, then `quote` and `status` as they change"),
      ...problems(400, 429, 503),
    },
  }, (c, { query }) => {
    const tags = parseSymbolFilter(query.symbols, symbols);
    return streamResponse(c, streamOpener, {
      ...parseStreamInput(query, c.req.header("last-event-id")),
      filters: [{ topic: service.topic, tags }],
      pollUrl: tags === null ? "/v1/quotes" : `/v1/quotes?symbols=${tags.join(",")}`,
    });
  });

  return app;
}
