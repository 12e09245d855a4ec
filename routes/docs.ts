/**
 * The API's own document.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../lib/http/client_address.ts";
import { createRouter } from "../lib/http/router.ts";
import type { Services } from "../lib/services.ts";

const document = createRoute({
  method: "get",
  path: "/openapi.json",
  summary: "This document",
  tags: ["operation"],
  responses: {
    200: {
      description: "OpenAPI 3.2",
      content: { "application/json": { schema: z.object({ openapi: z.string() }) } },
    },
  },
});

/** The routes of the documentation. @param api The app that knows all routes. */
export function docsRoutes({ version }: Services, api: OpenAPIHono<Env>): OpenAPIHono<Env> {
  const app = createRouter();
  api.openAPIRegistry.registerComponent("securitySchemes", "publisher", {
    type: "http",
    scheme: "bearer",
    description: "The secret in PUBLISH_TOKEN",
  });

  /** Made when it is first asked for: then all routes are known. */
  let whole: { openapi: string } | undefined;

  app.openapi(document, (c) => {
    const made: { openapi: string } = whole ?? JSON.parse(JSON.stringify(api.getOpenAPI31Document({
      openapi: "3.2.0",
      info: {
        title: "Edgetape",
        version,
        description: "Quotes and events as server-sent events, for any EventSource.",
        license: { name: "MIT" },
      },
    })));
    whole = made;
    return c.json(made, 200);
  });

  return app;
}
