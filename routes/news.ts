/**
 * News, as JSON and as a stream, and the routes for publishers of articles.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import { limitBody } from "../lib/http/body_limit.ts";
import { revalidate } from "../lib/http/etag.ts";
import { idempotent } from "../lib/http/idempotency.ts";
import { jsonContent, streamContent, taggedJsonContent } from "../lib/http/openapi.ts";
import {
  NewsFilterQuery,
  parseNewsFilter,
  parseStreamInput,
  StreamQuery,
} from "../lib/http/query_params.ts";
import { problems } from "../lib/http/problem_response.ts";
import { IdempotencyHeaders, requirePublisher } from "../lib/http/publish_middleware.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import { streamResponse } from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import { Article } from "../lib/topics/news/article.ts";
import { FeedStatus } from "../lib/topics/news/feed_status.ts";
import { type NewsFilter, newsTopicFilter } from "../lib/topics/news/news_filter.ts";
import { unknownArticle } from "../lib/topics/news/news_service.ts";
import { Correction, Submission } from "../lib/topics/news/submission.ts";

/** The most articles of a response if the request has no `limit`. */
const DEFAULT_LISTED_ARTICLES = 50;

/** The most articles of a response. */
const MAX_LISTED_ARTICLES = 200;

/** The largest body. An article whose fields have their longest values, all escaped as `\uXXXX`, is smaller. */
const MAX_ARTICLE_BODY_BYTES = 65_536;

const NewsQuery = NewsFilterQuery.extend({
  limit: z.string().regex(/^\d{1,3}$/, "a whole number").transform(Number)
    .pipe(z.number().min(1).max(MAX_LISTED_ARTICLES)).optional()
    .meta({
      description: `The most articles and retractions; ${DEFAULT_LISTED_ARTICLES} by default.`,
    }),
  before: z.string().max(64).optional().meta({
    description: "The id of an article. The answer has older ones only.",
  }),
  after: z.string().optional().meta({
    description: "The `cursor` of the previous answer, or the last id of a stream.",
  }),
});

const ArticleParams = z.object({
  id: z.string().max(64).meta({ example: "Zm9vYmFyYmF6cXV4" }),
});

const NewsResponse = z.object({
  articles: z.array(Article).meta({
    description: "Newest first. After a cursor: oldest first, each once, in its current state.",
  }),
  retracted: z.array(z.string()).meta({
    description: "The ids of articles that were retracted since `after`.",
  }),
  gap: z.boolean().meta({
    description:
      "True if the log no longer reaches back to the cursor. The retained articles follow.",
  }),
  feeds: z.array(FeedStatus),
  cursor: z.string().nullable().meta({
    description: "For `after`, or a stream. Null while the store is unavailable: keep yours.",
  }),
  next_poll_delay: z.int().meta({
    description: "Seconds before the next poll; 0 while more articles are waiting.",
  }),
});

/** Returns the path and query of the list that corresponds to a stream. */
function pollUrlOf({ sources, symbols, words }: NewsFilter): string {
  const parts = [["source", sources, ","], ["symbols", symbols, ","], ["q", words, "+"]] as const;
  const parameters = parts.flatMap(([name, values, separator]) =>
    values === null ? [] : `${name}=${values.map(encodeURIComponent).join(separator)}`
  );
  return parameters.length === 0 ? "/v1/news" : `/v1/news?${parameters.join("&")}`;
}

/** Creates the routes of news. */
export function newsRoutes(
  { config, news, publishRate, quotes, runtime: { random }, sharedStore, streamOpener }: Pick<
    Services,
    "config" | "news" | "publishRate" | "quotes" | "runtime" | "sharedStore" | "streamOpener"
  >,
): Router {
  const app = createRouter();
  const symbols = [...quotes.instruments.keys()];
  const publishing = {
    tags: ["news"],
    security: [{ publisher: [] }],
    middleware: [
      requirePublisher({ config, publishRate }),
      limitBody(MAX_ARTICLE_BODY_BYTES),
      idempotent({ store: sharedStore, random }),
    ],
  };

  route(app, {
    method: "get",
    path: "/v1/news",
    summary: "Returns the newest articles, or the changes after a cursor",
    tags: ["news"],
    request: { query: NewsQuery },
    responses: {
      200: taggedJsonContent(
        "The articles and the status of the feeds. A GET keeps the feeds polled.",
        NewsResponse,
      ),
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400, 404),
    },
  }, async (c, { query: { limit = DEFAULT_LISTED_ARTICLES, before, after, ...query } }) => {
    const filter = parseNewsFilter(query, symbols);
    if (before && after) {
      throw new Problem(400, "invalid_request", "Send `before` or `after`, not both.");
    }
    if (c.req.method !== "HEAD") await news.watch();
    const { articles, retracted, hasGap, cursor, isWhole } = after
      ? await news.since(filter, after, limit)
      : await news.latest(filter, limit, before || undefined);
    const content = {
      articles: [...articles],
      retracted: [...retracted],
      gap: hasGap,
      feeds: [...await news.feeds(filter.sources)],
    };
    if (revalidate(c, content, "no-cache")) return c.body(null, 304);
    // Without a new cursor the client repeats its own, so an immediate poll would return the same articles.
    const next_poll_delay = isWhole || cursor === null ? news.nextPollDelayS : 0;
    return c.json({ ...content, cursor, next_poll_delay }, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/news/stream",
    summary: "Streams news",
    tags: ["news"],
    request: { query: StreamQuery.extend(NewsFilterQuery.shape) },
    responses: {
      200: streamContent("`sync`, then `article`, `article.updated`, `article.retracted`"),
      ...problems(400, 429, 503),
    },
  }, (c, { query }) => {
    const filter = parseNewsFilter(query, symbols);
    return streamResponse(c, streamOpener, {
      ...parseStreamInput(query, c.req.header("last-event-id")),
      filters: [newsTopicFilter(filter)],
      pollUrl: pollUrlOf(filter),
    });
  });

  route(app, {
    method: "get",
    path: "/v1/news/{id}",
    summary: "Returns an article",
    tags: ["news"],
    request: { params: ArticleParams },
    responses: {
      200: taggedJsonContent("The article", Article),
      304: { description: "Not modified since `If-None-Match`" },
      ...problems(400, 404),
    },
  }, async (c, { params: { id } }) => {
    const article = await news.article(id);
    return revalidate(c, article, "no-cache") ? c.body(null, 304) : c.json(article, 200);
  });

  route(app, {
    method: "post",
    path: "/v1/news",
    summary: "Publishes an article",
    ...publishing,
    request: { headers: IdempotencyHeaders, body: Submission },
    responses: {
      200: jsonContent("The article was known, by its link or guid", Article),
      201: jsonContent("The article is new, and in the log", Article),
      ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    },
  }, async (c, { body }) => {
    const outcome = await news.submit(body);
    if (outcome.kind === "retracted") {
      throw new Problem(409, "retracted", "An article with this link or guid was retracted.");
    }
    return c.json(outcome.article, outcome.kind === "new" ? 201 : 200);
  });

  route(app, {
    method: "patch",
    path: "/v1/news/{id}",
    summary: "Corrects an article: fields that are absent stay",
    ...publishing,
    request: { params: ArticleParams, headers: IdempotencyHeaders, body: Correction },
    responses: {
      200: jsonContent("The corrected article", Article),
      ...problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
    },
  }, async (c, { params: { id }, body }) => {
    const corrected = await news.correct(id, body);
    if (corrected === null) throw unknownArticle();
    return c.json(corrected, 200);
  });

  route(app, {
    method: "delete",
    path: "/v1/news/{id}",
    summary: "Retracts an article: lists and replays leave it out",
    ...publishing,
    request: { params: ArticleParams, headers: IdempotencyHeaders },
    responses: {
      204: { description: "The article is retracted" },
      ...problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
    },
  }, async (c, { params: { id } }) => {
    if (!await news.retract(id)) throw unknownArticle();
    return c.body(null, 204);
  });

  return app;
}
