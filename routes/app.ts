/**
 * The table of all routes.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { messageOf } from "../lib/core/logger.ts";
import { Problem } from "../lib/core/problem.ts";
import type { AppEnv, Connection } from "../lib/http/client_address.ts";
import { createCors } from "../lib/http/cors.ts";
import { MAX_URL_CHARACTERS } from "../lib/http/query_params.ts";
import { problemOf, problemResponse } from "../lib/http/problem_response.ts";
import { createRouter } from "../lib/http/route.ts";
import type { Services } from "../lib/services.ts";
import { clientRoutes } from "./client.ts";
import { demoRoutes } from "./demo.ts";
import { docsRoutes } from "./docs.ts";
import { eventsRoutes } from "./events.ts";
import { newsRoutes } from "./news.ts";
import { operationsRoutes } from "./operations.ts";
import { opsRoutes } from "./ops.ts";
import { pageRoutes } from "./page/page.ts";
import { quotesRoutes } from "./quotes.ts";
import { sessionsRoutes } from "./sessions.ts";
import { streamRoutes } from "./stream.ts";
import { tasksRoutes } from "./tasks.ts";
import { ticketsRoutes } from "./tickets.ts";

/** The app. */
export interface App {
  /** Answers a request. @param connection What it came by. */
  fetch(request: Request, connection?: Connection): Promise<Response>;
}

/** Creates the router of all routes. */
export function createRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { quotes: quotes, news, runtime, config: { DEMO: isDemo } } = services;
  const app = createRouter();

  app.route("/", quotesRoutes(services));
  app.route("/", newsRoutes(services));
  app.route("/", streamRoutes(services));
  app.route("/", eventsRoutes(services));
  app.route("/", ticketsRoutes(services));
  app.route("/", operationsRoutes(services));
  app.route("/", sessionsRoutes(services));
  app.route("/", tasksRoutes(services));
  app.route("/", opsRoutes(services));
  app.route("/", pageRoutes({ runtime, quotes, news, isDemo }));
  if (isDemo) app.route("/", demoRoutes(services));
  app.route("/", clientRoutes(services));
  app.route("/", docsRoutes(services, app));

  app.notFound(() => problemResponse(new Problem(404, "unknown_route", "There is nothing here.")));
  app.onError((thrown, c) => {
    const problem = problemOf(thrown);
    if (problem.status === 500) {
      runtime.log.error("request failed", {
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

/**
 * Creates the app: what is done for all requests alike, around the routes. A middleware would do it too, but makes Hono put
 * every handler into a chain of promises.
 */
export function createApp(services: Services): App {
  const cors = createCors(services.config.ALLOWED_ORIGINS);
  const routes = createRoutes(services);

  function answer(request: Request, connection?: Connection): Response | Promise<Response> {
    if (request.method === "OPTIONS") return cors.preflight(request);
    if (request.url.length <= MAX_URL_CHARACTERS) return routes.fetch(request, connection);
    const detail = `A URL takes at most ${MAX_URL_CHARACTERS} characters.`;
    return problemResponse(new Problem(414, "url_too_long", detail));
  }

  return {
    async fetch(request, connection) {
      const response = await answer(request, connection);
      response.headers.set("x-content-type-options", "nosniff");
      cors.allow(request, response);
      return response;
    },
  };
}
