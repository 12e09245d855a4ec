/**
 * The browser client, for pages of any origin.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, Next } from "hono";
import type { Runtime } from "../lib/core/runtime.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { createRouter } from "../lib/http/router.ts";
import { addAssets } from "./assets.ts";

/** What a page may import, below `lib/client/`. THE LIST of them: what they import comes with them. */
const MODULES = [
  "client.js",
  "react.js",
  "badge.js",
  "ticker.js",
  "client/history.js",
  "client/model.js",
  "client/post.js",
];

/** Code is no secret: whoever may not read the streams may import it all the same. */
async function headers(c: Context, next: Next): Promise<void> {
  await next();
  c.res.headers.set("access-control-allow-origin", "*");
  c.res.headers.set("cross-origin-resource-policy", "cross-origin");
  c.res.headers.set("x-content-type-options", "nosniff");
}

/** The modules a page imports. */
export function clientRoutes(
  { runtime }: { readonly runtime: Pick<Runtime, "readAsset"> },
): OpenAPIHono<AppEnv> {
  const app = createRouter();
  addAssets(app, runtime, {
    summary: "A module of the browser client",
    files: MODULES.map((path) => ({ path, type: "text/javascript" })),
    headers,
  });
  return app;
}
