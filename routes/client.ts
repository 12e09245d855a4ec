/**
 * The browser client, for pages of any origin.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, Next } from "hono";
import type { World } from "../lib/core/world.ts";
import type { Env } from "../lib/http/connection.ts";
import { createRouter } from "../lib/http/router.ts";
import { addAssets } from "./assets.ts";

/** The modules of the client, below `lib/client/`. THE LIST of them. */
const MODULES = [
  "client.js",
  "client/address.js",
  "client/answer.js",
  "client/backoff.js",
  "client/connection.js",
  "client/fetch_line.js",
  "client/history.js",
  "client/keep.js",
  "client/listeners.js",
  "client/model.js",
  "client/parser.js",
  "client/place.js",
  "client/poll_line.js",
  "client/post.js",
  "client/repeats.js",
  "client/sharing.js",
  "client/source_line.js",
  "client/store.js",
  "client/turn.js",
  "client/types.js",
  "client/world.js",
  "react.js",
];

/** Code is no secret: whoever may not read the streams may import it all the same. */
async function headers(c: Context, next: Next): Promise<void> {
  await next();
  c.res.headers.set("access-control-allow-origin", "*");
  c.res.headers.delete("access-control-allow-credentials"); // never together with any origin
  c.res.headers.set("cross-origin-resource-policy", "cross-origin");
  c.res.headers.set("x-content-type-options", "nosniff");
}

/** The modules a page imports. */
export function clientRoutes(
  { world }: { readonly world: Pick<World, "readAsset"> },
): OpenAPIHono<Env> {
  const app = createRouter();
  addAssets(app, world, {
    summary: "A module of the browser client",
    files: MODULES.map((path) => [path, "text/javascript"] as const),
    headers,
  });
  return app;
}
