/**
 * The table of all routes.
 *
 * @module
 */
import { messageOf } from "../lib/core/logger.ts";
import { Problem } from "../lib/core/problem.ts";
import type { Connection } from "../lib/http/app_env.ts";
import { createCors } from "../lib/http/cors.ts";
import { MAX_URL_CHARACTERS } from "../lib/http/query_params.ts";
import { problemResponse, toProblem } from "../lib/http/problem_response.ts";
import { createRouter, type Router } from "../lib/http/route.ts";
import type { Services } from "../lib/services.ts";
import { chatRoutes } from "./chat.ts";
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

/** The HTTP application. */
export interface App {
  /** Responds to a request. @param connection The connection of the request, if the server knows it. */
  fetch(request: Request, connection?: Connection): Promise<Response>;
}

/** Creates the router of all routes. */
export function createRoutes(services: Services): Router {
  const { quotes, news, runtime, config: { DEMO: isDemo, NEWS_IMAGES } } = services;
  const app = createRouter();

  app.route("/", quotesRoutes(services));
  app.route("/", newsRoutes(services));
  app.route("/", streamRoutes(services));
  app.route("/", eventsRoutes(services));
  app.route("/", ticketsRoutes(services));
  app.route("/", operationsRoutes(services));
  app.route("/", sessionsRoutes(services));
  app.route("/", tasksRoutes(services));
  app.route("/", chatRoutes(services));
  app.route("/", opsRoutes(services));
  app.route("/", pageRoutes({ runtime, quotes, news, isDemo, hasImages: NEWS_IMAGES === "link" }));
  if (isDemo) app.route("/", demoRoutes(services));
  app.route("/", clientRoutes(services));
  app.route("/", docsRoutes(services, app));

  app.notFound(() =>
    problemResponse(
      new Problem(404, "unknown_route", "No route has this path. See `/openapi.json`."),
    )
  );
  app.onError((thrown, c) => {
    const problem = toProblem(thrown);
    if (problem.status === 500) {
      runtime.log.error("request failed", {
        method: c.req.method,
        path: c.req.path,
        error: messageOf(thrown),
      });
    }
    // newResponse() keeps the headers that were set before, such as `vary` and the remaining rate.
    const response = problemResponse(problem);
    return c.newResponse(response.body, response);
  });
  return app;
}

/**
 * Creates the application: the routes, and the headers of every response. A middleware for these headers would put every
 * handler into a chain of promises.
 */
export function createApp(services: Services): App {
  const cors = createCors(services.config.ALLOWED_ORIGINS);
  const routes = createRoutes(services);

  function respond(request: Request, connection?: Connection): Response | Promise<Response> {
    if (request.method === "OPTIONS") return cors.handlePreflight(request);
    if (request.url.length <= MAX_URL_CHARACTERS) return routes.fetch(request, connection);
    const detail = `A URL may have at most ${MAX_URL_CHARACTERS} characters.`;
    return problemResponse(new Problem(414, "url_too_long", detail));
  }

  return {
    async fetch(request, connection) {
      const response = await respond(request, connection);
      response.headers.set("x-content-type-options", "nosniff");
      cors.setHeaders(request, response);
      return response;
    },
  };
}
