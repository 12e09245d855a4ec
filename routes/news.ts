/**
 * News: as JSON, as a stream, and what publishers do to it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import { limitBody } from "../lib/http/body_limit.ts";
import { isUnchanged } from "../lib/http/etag.ts";
import { idempotent } from "../lib/http/idempotency.ts";
import { sourceFilter, SourceQuery, streamInput, StreamQuery } from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import { IdempotencyHeaders, requirePublisher } from "../lib/http/publish_middleware.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { jsonContent, streamContent, taggedJsonContent } from "../lib/http/openapi.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { Article, FeedStatus } from "../lib/topics/news/article.ts";
import { Correction, PostedArticle } from "../lib/topics/news/submission.ts";

/** The number of articles in an answer: by default, and at most. */
const [DEFAULT_LIMIT, MAX_LIMIT] = [50, 200];

/** The largest body, in bytes. The longest fields, written as JSON's escapes, are shorter. */
const MAX_BODY_BYTES = 65_536;

const NewsQuery = SourceQuery.extend({
  limit: z.string().regex(/^\d{1,3}$/, "a whole number").transform(Number)
    .pipe(z.number().min(1).max(MAX_LIMIT)).optional()
    .meta({
      description: `Articles and retractions at most; ${DEFAULT_LIMIT} where it is not given.`,
    }),
  after: z.string().optional().meta({
    description: "The `cursor` of the answer before, or the last id of a stream.",
  }),
});

const ArticleParams = z.object({
  id: z.string().max(64).meta({ example: "Zm9vYmFyYmF6cXV4" }),
});

const NewsAnswer = z.object({
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

/** The same for an unknown article and a retracted one. */
function unknownArticle(): Problem {
  return new Problem(404, "unknown_article", "There is no article of this id any more.");
}

/** Creates the routes of news. */
export function newsRoutes(
  { config, news, publishRate, sharedStore, streamOpener }: Pick<
    Services,
    "config" | "news" | "publishRate" | "sharedStore" | "streamOpener"
  >,
): Router {
  const app = createRouter();
  const publishing = {
    tags: ["news"],
    security: [{ publisher: [] }],
    middleware: [
      requirePublisher({ config, publishRate }),
      limitBody(MAX_BODY_BYTES),
      idempotent(sharedStore),
    ],
  };

  route(app, {
    method: "get",
    path: "/v1/news",
    summary: "The newest articles, or what happened after a cursor",
    tags: ["news"],
    request: { query: NewsQuery },
    responses: {
      200: taggedJsonContent(
        "Articles, and how the feeds are doing. A GET counts as watching.",
        NewsAnswer,
      ),
      304: { description: "As before" },
      ...problems(400),
    },
  }, async (c, { query: { source, limit = DEFAULT_LIMIT, after } }) => {
    const sources = sourceFilter(source);
    if (c.req.method !== "HEAD") await news.watch();
    const { articles, retracted, hasGap, cursor, isWhole } = after
      ? await news.since(sources, after, limit)
      : await news.latest(sources, limit);
    const content = {
      articles: [...articles],
      retracted: [...retracted],
      gap: hasGap,
      feeds: [...await news.feeds(sources)],
    };
    if (isUnchanged(c, content, "no-cache")) return c.body(null, 304);
    // Without a cursor the client repeats its own: polling again at once would return the same articles.
    const next_poll_delay = isWhole || cursor === null ? news.nextPollDelayS : 0;
    return c.json({ ...content, cursor, next_poll_delay }, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/news/stream",
    summary: "News, live",
    tags: ["news"],
    request: { query: StreamQuery.extend(SourceQuery.shape) },
    responses: {
      200: streamContent("`sync`, then `article`, `article.updated`, `article.retracted`"),
      ...problems(400, 429, 503),
    },
  }, (c, { query }) => {
    const tags = sourceFilter(query.source);
    return streamResponse(c, streamOpener, {
      ...streamInput(query, c.req.header("last-event-id")),
      filters: [{ topic: news.topic, tags }],
      pollUrl: tags === null ? "/v1/news" : `/v1/news?source=${tags.join(",")}`,
    });
  });

  route(app, {
    method: "post",
    path: "/v1/news",
    summary: "Publishes an article",
    ...publishing,
    request: { headers: IdempotencyHeaders, body: PostedArticle },
    responses: {
      200: jsonContent("It was known, by its link or guid", Article),
      201: jsonContent("It is new, and in the log", Article),
      ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    },
  }, async (c, { body }) => {
    const posted = await news.submit(body);
    if (posted.kind === "retracted") {
      throw new Problem(409, "retracted", "An article of this link or guid was taken back.");
    }
    return c.json(posted.article, posted.kind === "new" ? 201 : 200);
  });

  route(app, {
    method: "patch",
    path: "/v1/news/{id}",
    summary: "Corrects an article: what is not named stays",
    ...publishing,
    request: { params: ArticleParams, headers: IdempotencyHeaders, body: Correction },
    responses: {
      200: jsonContent("As it is now", Article),
      ...problems(400, 401, 403, 404, 413, 415, 422, 429, 503),
    },
  }, async (c, { params: { id }, body }) => {
    const corrected = await news.correct(id, body);
    if (corrected === null) throw unknownArticle();
    return c.json(corrected, 200);
  });

  route(app, {
    method: "delete",
    path: "/v1/news/{id}",
    summary: "Takes an article back: no list and no replay has it any more",
    ...publishing,
    request: { params: ArticleParams, headers: IdempotencyHeaders },
    responses: {
      204: { description: "It is taken back" },
      ...problems(400, 401, 403, 404, 413, 422, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    if (!await news.retract(id)) throw unknownArticle();
    return c.body(null, 204);
  });

  return app;
}
