/**
 * Liveness, readiness and metrics, for operators.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Problem } from "../lib/core/problem.ts";
import type { AppEnv } from "../lib/http/app_env.ts";
import { authorizePublisher } from "../lib/http/authorize.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import type { Services } from "../lib/services.ts";
import { StoreUnavailable } from "../lib/store/errors.ts";

const HealthResponse = z.object({
  status: z.enum(["ok", "draining"]),
  version: z.string(),
  isolate: z.string(),
  demo: z.boolean(),
  store: z.object({
    kind: z.enum(["memory", "redis"]),
    is_up: z.boolean().meta({ description: "True if its last command succeeded." }),
    commands: z.int().meta({ description: "The commands of this isolate since its start." }),
  }),
  streams: z.object({ open: z.int(), limit: z.int() }),
});

/** The delay before a load balancer checks a draining isolate again. */
const DRAINING_RETRY_MS = 5000;

/** Creates the routes for operators. */
export function opsRoutes(
  { version, isolate, store, budget, config, isDraining, exposition }: Pick<
    Services,
    "version" | "isolate" | "store" | "budget" | "config" | "isDraining" | "exposition"
  >,
): Router {
  const app = createRouter();

  route(app, {
    method: "get",
    path: "/health",
    summary: "Reports that this isolate is alive",
    tags: ["ops"],
    request: {},
    responses: { 200: jsonContent("The isolate is alive", HealthResponse) },
  }, (c) => {
    c.header("cache-control", "no-store");
    return c.json({
      status: isDraining() ? "draining" : "ok",
      version,
      isolate,
      demo: config.DEMO,
      store: { kind: store.kind, is_up: store.isUp, commands: store.commands },
      streams: { open: budget.inUse, limit: budget.limit },
    }, 200);
  });

  route(app, {
    method: "get",
    path: "/ready",
    summary: "Reports whether this isolate admits streams",
    tags: ["ops"],
    request: {},
    responses: {
      200: jsonContent("The isolate admits streams", z.object({ status: z.literal("ready") })),
      ...problems(503),
    },
  }, async (c) => {
    c.header("cache-control", "no-store");
    if (isDraining()) {
      throw new Problem(503, "draining", "This isolate is draining.", {
        retryAfterMs: DRAINING_RETRY_MS,
      });
    }
    if (!await store.check()) throw new StoreUnavailable();
    return c.json({ status: "ready" }, 200);
  });

  route(app, {
    method: "get",
    path: "/metrics",
    summary: "Returns the metrics, in Prometheus' text format",
    tags: ["ops"],
    security: [{ publisher: [] }],
    request: {},
    responses: {
      200: { description: "The metrics", content: { "text/plain": { schema: z.string() } } },
      ...problems(401, 403),
    },
  }, async (c) => {
    if (!config.DEMO) authorizeOperator(c, config.PUBLISH_TOKEN);
    const text = c.req.method === "HEAD" ? "" : await exposition.text();
    return c.text(text, 200, {
      "cache-control": "no-store",
      "content-type": exposition.contentType,
    });
  });

  return app;
}

/**
 * Checks that a request comes from the operator, who has the publisher's token.
 *
 * @param token `PUBLISH_TOKEN`, undefined if it is not set.
 * @throws {Problem} 403 `metrics_off` if no token is set. 401 `bad_token` if the request has no token, or another one.
 */
function authorizeOperator(c: Context<AppEnv>, token: string | undefined): void {
  if (token !== undefined) return authorizePublisher(c, token);
  const detail = "Metrics are off. Set `PUBLISH_TOKEN` and send it as `Authorization: Bearer …`.";
  throw new Problem(403, "metrics_off", detail);
}
