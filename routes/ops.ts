/**
 * For those who operate it: liveness and readiness.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { Problem } from "../lib/core/problem.ts";
import type { Env } from "../lib/http/connection.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter } from "../lib/http/router.ts";
import type { Services } from "../lib/services.ts";
import { StoreAway } from "../lib/store/away.ts";

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

/** The routes for operators. */
export function opsRoutes(services: Services): OpenAPIHono<Env> {
  const { version, isolate, store, budget, config, isDraining } = services;
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
    if (!await store.check()) throw new StoreAway();
    return c.json({ status: "ready" }, 200);
  });

  return app;
}
