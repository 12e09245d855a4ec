/**
 * The modules of the browser client, for pages of any origin.
 *
 * @module
 */
import type { Context, Next } from "hono";
import type { Runtime } from "../lib/core/runtime.ts";
import { addAssetRoutes } from "../lib/http/assets.ts";
import { createRouter, type Router } from "../lib/http/route.ts";

/** The modules that a page may import, below `lib/client/`. Each is served as a bundle with its imports. */
const CLIENT_MODULES = [
  "client.js",
  "react.js",
  "badge.js",
  "ticker.js",
  "client/chat.js",
  "client/history.js",
  "client/model.js",
  "client/post.js",
];

/** Opens the modules to pages of every origin, because code is public, even if the streams are not. */
async function openToAllOrigins(c: Context, next: Next): Promise<void> {
  await next();
  c.res.headers.set("access-control-allow-origin", "*");
  c.res.headers.set("cross-origin-resource-policy", "cross-origin");
  c.res.headers.set("x-content-type-options", "nosniff");
}

/** Creates the routes of the modules that a page imports. */
export function clientRoutes(
  { runtime }: { readonly runtime: Pick<Runtime, "readAsset"> },
): Router {
  const app = createRouter();
  addAssetRoutes(app, runtime, {
    summary: "A module of the browser client",
    files: CLIENT_MODULES.map((path) => ({ path, type: "text/javascript" })),
    headers: openToAllOrigins,
  });
  return app;
}
