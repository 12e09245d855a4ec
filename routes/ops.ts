/**
 * For those who operate it: liveness, readiness, and what is measured.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Problem } from "../lib/core/problem.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { problems } from "../lib/http/problem_response.ts";
import { authorizePublisher } from "../lib/http/authorize.ts";
import { createRouter } from "../lib/http/router.ts";
import type { Services } from "../lib/services.ts";
import { StoreUnavailable } from "../lib/store/errors.ts";

const health = createRoute({
  method: "get",
  path: "/health",
  summary: "Whether this isolate lives",
  tags: ["operation"],
  responses: {
    200: {
      description: "It does",
      content: {
        "application/json": {
          schema: z.object({
            status: z.enum(["ok", "draining"]),
            version: z.string(),
            isolate: z.string(),
            demo: z.boolean(),
            store: z.object({
              kind: z.enum(["memory", "redis"]),
              is_up: z.boolean().meta({ description: "When it was last asked." }),
              commands: z.int().meta({ description: "Used by this isolate since its start." }),
            }),
            streams: z.object({ open: z.int(), limit: z.int() }),
          }),
        },
      },
    },
  },
});

const ready = createRoute({
  method: "get",
  path: "/ready",
  summary: "Whether this isolate takes streams",
  tags: ["operation"],
  responses: {
    200: {
      description: "It does",
      content: { "application/json": { schema: z.object({ status: z.literal("ready") }) } },
    },
    ...problems(503),
  },
});

const metrics = createRoute({
  method: "get",
  path: "/metrics",
  summary: "What is measured, as Prometheus reads it",
  tags: ["operation"],
  security: [{ publisher: [] }],
  responses: {
    200: { description: "As it is now", content: { "text/plain": { schema: z.string() } } },
    ...problems(401, 403),
  },
});

/** The routes for operators. */
export function opsRoutes(services: Services): OpenAPIHono<AppEnv> {
  const { version, isolate, store, budget, config, isDraining, exposition } = services;
  const app = createRouter();

  app.openapi(health, (c) => {
    const status = isDraining() ? "draining" : "ok";
    c.header("cache-control", "no-store");
    return c.json({
      status,
      version,
      isolate,
      demo: config.DEMO,
      store: { kind: store.kind, is_up: store.isUp, commands: store.commands },
      streams: { open: budget.inUse, limit: budget.limit },
    }, 200);
  });

  app.openapi(ready, async (c) => {
    c.header("cache-control", "no-store");
    if (isDraining()) {
      throw new Problem(503, "draining", "This isolate is going.", { retryAfterMs: 5000 });
    }
    if (!await store.check()) throw new StoreUnavailable();
    return c.json({ status: "ready" }, 200);
  });

  app.openapi(metrics, async (c) => {
    if (!config.DEMO) requireOperator(c, config.PUBLISH_TOKEN);
    const text = c.req.method === "HEAD" ? "" : await exposition.text();
    return c.text(text, 200, {
      "cache-control": "no-store",
      "content-type": exposition.contentType,
    });
  });

  return app;
}

/**
 * Checks that a request comes from who runs this: who has the publisher's token.
 *
 * @throws {Problem} 403 `metrics_off` where no token is set, 401 `bad_token` where none or another came.
 */
function requireOperator(c: Context<AppEnv>, token: string | undefined): void {
  if (token !== undefined) return authorizePublisher(c, token);
  const detail = "Metrics are off: set PUBLISH_TOKEN, and send it as a bearer.";
  throw new Problem(403, "metrics_off", detail);
}
