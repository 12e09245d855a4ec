/**
 * The table of all routes.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Config } from "../lib/core/config.ts";
import { messageOf } from "../lib/core/log.ts";
import { Problem } from "../lib/core/problem.ts";
import type { Env } from "../lib/http/connection.ts";
import { MOST_URL_CHARACTERS } from "../lib/http/input.ts";
import { problemOf, problemResponse } from "../lib/http/problem_response.ts";
import { createRouter } from "../lib/http/router.ts";
import type { Services } from "../lib/services.ts";
import { clientRoutes } from "./client.ts";
import { demoRoutes } from "./demo.ts";
import { docsRoutes } from "./docs.ts";
import { eventsRoutes } from "./events.ts";
import { newsRoutes } from "./news.ts";
import { operationsRoutes } from "./operations.ts";
import { opsRoutes } from "./ops.ts";
import { pageRoutes } from "./page.ts";
import { quotesRoutes } from "./quotes.ts";
import { sessionsRoutes } from "./sessions.ts";
import { streamRoutes } from "./stream.ts";
import { tasksRoutes } from "./tasks.ts";
import { ticketsRoutes } from "./tickets.ts";

async function nothing(): Promise<void> {}

/**
 * What is on whatever is answered, and the answers to preflights. It is set on the answer that is there: what Hono is told
 * before, it copies a response for, with its body (a fifth of the JavaScript of an opening was that copy).
 */
function headersOfAll(origin: Config["ALLOWED_ORIGINS"]): MiddlewareHandler<Env> {
  const share = cors({
    origin,
    credentials: origin !== "*",
    allowMethods: ["GET", "HEAD", "POST", "PATCH", "DELETE"],
    allowHeaders: [
      "authorization",
      "content-type",
      "idempotency-key",
      "if-none-match",
      "last-event-id",
    ],
    exposeHeaders: ["etag", "location", "retry-after", "ratelimit", "ratelimit-policy"],
    maxAge: 86_400,
  });
  return async (c, next) => {
    if (c.req.method === "OPTIONS") return await share(c, next);
    await next();
    const { headers } = c.res;
    headers.set("x-content-type-options", "nosniff");
    if (headers.has("access-control-allow-origin")) return; // modules are anyone's
    const vary = headers.get("vary");
    await share(c, nothing);
    if (vary !== null && headers.get("vary") !== vary) headers.append("vary", vary);
  };
}

/** Creates the app: its `fetch` answers requests. */
export function createApp(services: Services): OpenAPIHono<Env> {
  const { config: { ALLOWED_ORIGINS }, world: { log } } = services;
  const app = createRouter();

  app.use(headersOfAll(ALLOWED_ORIGINS));
  app.use((c, next) => {
    if (c.req.url.length <= MOST_URL_CHARACTERS) return next();
    const detail = `A URL takes at most ${MOST_URL_CHARACTERS} characters.`;
    throw new Problem(414, "url_too_long", detail);
  });

  app.route("/", quotesRoutes(services));
  app.route("/", newsRoutes(services));
  app.route("/", streamRoutes(services));
  app.route("/", eventsRoutes(services));
  app.route("/", ticketsRoutes(services));
  app.route("/", operationsRoutes(services));
  app.route("/", sessionsRoutes(services));
  app.route("/", tasksRoutes(services));
  app.route("/", opsRoutes(services));
  const { market: quotes, news, world, config: { DEMO: isDemo } } = services;
  app.route("/", pageRoutes({ world, quotes, news, isDemo }));
  if (isDemo) app.route("/", demoRoutes(services));
  app.route("/", clientRoutes(services));
  app.route("/", docsRoutes(services, app));

  app.notFound(() => problemResponse(new Problem(404, "unknown_route", "There is nothing here.")));
  app.onError((thrown, c) => {
    const problem = problemOf(thrown);
    if (problem.status === 500) {
      log.error("request failed", {
        method: c.req.method,
        path: c.req.path,
        error: messageOf(thrown),
      });
    }
    // With what was told before: a share that was spent, what the answer varies with.
    const response = problemResponse(problem);
    return c.newResponse(response.body, response);
  });
  return app;
}
