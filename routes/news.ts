/**
 * News: as JSON, as a stream, and what publishers do to it.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import { limitBody } from "../lib/http/body_limit.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { isUnchanged } from "../lib/http/etag.ts";
import { idempotent } from "../lib/http/idempotency.ts";
import { sourceFilter, SourceQuery, streamInput, StreamQuery } from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import { IdempotencyHeader, requirePublisher } from "../lib/http/publish_middleware.ts";
import { addRoute, readQuery } from "../lib/http/route.ts";
import { createRouter } from "../lib/http/router.ts";
import { streamContent } from "../lib/http/stream_document.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { Article, FeedStatus } from "../lib/topics/news/article.ts";
import { Correction, PostedArticle } from "../lib/topics/news/submission.ts";

/** Articles of one answer, and at most. */
const [USUAL, MOST] = [50, 200];

/** The largest body: the longest fields, written as JSON's escapes, are less. */
const MOST_BODY_BYTES = 65_536;

const ListQuery = SourceQuery.extend({
  limit: z.string().regex(/^\d{1,3}$/, "a whole number").transform(Number)
    .pipe(z.number().min(1).max(MOST)).optional()
    .meta({ description: `Articles and retractions at most; ${USUAL} where it is not given.` }),
  after: z.string().optional().meta({
    description: "The `cursor` of the answer before, or the last id of a stream.",
  }),
});

const NewsList = z.object({
  articles: z.array(Article).meta({
    description: "Newest first; after a cursor, oldest first, each once, as it is now.",
  }),
  retracted: z.array(z.string()).meta({ description: "Ids that were taken back since `after`." }),
  gap: z.boolean().meta({
    description: "Whether something after the cursor is no longer kept: what is kept follows.",
  }),
  feeds: z.array(FeedStatus),
  cursor: z.string().nullable().meta({
    description: "For `after`, or a stream. Null while it cannot be told: keep yours.",
  }),
  next_poll_delay: z.int().meta({ description: "Seconds. 0 while more waits." }),
});

const list = createRoute({
  method: "get",
  path: "/v1/news",
  summary: "The newest articles, or what happened after a cursor",
  tags: ["news"],
  request: { query: ListQuery },
  responses: {
    200: {
      description: "Articles, and how the feeds are doing. A GET counts as watching.",
      headers: { etag: { schema: { type: "string" } } },
      content: { "application/json": { schema: NewsList } },
    },
    304: { description: "As before" },
    ...problems(400),
  },
});

const stream = createRoute({
  method: "get",
  path: "/v1/news/stream",
  summary: "News, live",
  tags: ["news"],
  request: { query: StreamQuery.extend(SourceQuery.shape) },
  responses: {
    200: streamContent("`sync`, then `article`, `article.updated`, `article.retracted`"),
    ...problems(400, 429, 503),
  },
});

/** The routes of news. */
export function newsRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { news, streamOpener, sharedStore: shared } = services;
  const app = createRouter();

  const publishing = {
    tags: ["news"],
    security: [{ publisher: [] }],
    middleware: [
      requirePublisher(services),
      limitBody(MOST_BODY_BYTES),
      idempotent(shared),
    ],
  };
  const headers = z.object({ "idempotency-key": IdempotencyHeader });
  const params = z.object({ id: z.string().max(64).meta({ example: "Zm9vYmFyYmF6cXV4" }) });
  const bodyOf = <T extends z.ZodType>(schema: T) => ({
    required: true,
    content: { "application/json": { schema } },
  });
  const article = (description: string) => ({
    description,
    content: { "application/json": { schema: Article } },
  });

  const post = createRoute({
    method: "post",
    path: "/v1/news",
    summary: "Publishes an article",
    ...publishing,
    request: { headers, body: bodyOf(PostedArticle) },
    responses: {
      200: article("It was known, by its link or guid"),
      201: article("It is new, and in the log"),
      ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    },
  });

  const correct = createRoute({
    method: "patch",
    path: "/v1/news/{id}",
    summary: "Corrects an article: what is not named stays",
    ...publishing,
    request: { params, headers, body: bodyOf(Correction) },
    responses: {
      200: article("As it is now"),
      ...problems(400, 401, 403, 404, 413, 415, 422, 429, 503),
    },
  });

  const retract = createRoute({
    method: "delete",
    path: "/v1/news/{id}",
    summary: "Takes an article back: no list and no replay has it any more",
    ...publishing,
    request: { params, headers },
    responses: {
      204: { description: "It is taken back" },
      ...problems(400, 401, 403, 404, 413, 422, 429, 503),
    },
  });

  function unknown(): Problem {
    return new Problem(404, "unknown_article", "There is no article of this id any more.");
  }

  app.openapi(list, async (c) => {
    const { source, limit = USUAL, after } = c.req.valid("query");
    const sources = sourceFilter(source);
    if (c.req.method !== "HEAD") await news.watch();
    const { articles, retracted, hasGap, cursor, isWhole } = after
      ? await news.since(sources, after, limit)
      : await news.newest(sources, limit);
    const content = {
      articles: [...articles],
      retracted: [...retracted],
      gap: hasGap,
      feeds: [...await news.feeds(sources)],
    };
    if (isUnchanged(c, content, "no-cache")) return c.body(null, 304);
    // Who keeps its cursor would be given the same again at once.
    const next_poll_delay = isWhole || cursor === null ? news.nextPollDelayS : 0;
    return c.json({ ...content, cursor, next_poll_delay }, 200);
  });

  addRoute(app, stream, (c) => {
    const query = readQuery(c, stream.request.query);
    const tags = sourceFilter(query.source);
    return streamResponse(c, streamOpener, {
      ...streamInput(query, c.req.header("last-event-id")),
      filters: [{ topic: news.topic, tags }],
      pollUrl: tags === null ? "/v1/news" : `/v1/news?source=${tags.join(",")}`,
    });
  });

  app.openapi(post, async (c) => {
    const posted = await news.post(c.req.valid("json"));
    if (posted.kind === "retracted") {
      throw new Problem(409, "retracted", "An article of this link or guid was taken back.");
    }
    return posted.kind === "new" ? c.json(posted.article, 201) : c.json(posted.article, 200);
  });

  app.openapi(correct, async (c) => {
    const corrected = await news.correct(c.req.valid("param").id, c.req.valid("json"));
    if (corrected === null) throw unknown();
    return c.json(corrected, 200);
  });

  app.openapi(retract, async (c) => {
    if (!await news.retract(c.req.valid("param").id)) throw unknown();
    return c.body(null, 204);
  });

  return app;
}
