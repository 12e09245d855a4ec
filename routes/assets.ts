/**
 * Files that ship with the code: what the browser runs, and what it looks like.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import type { World } from "../lib/core/world.ts";
import type { Env } from "../lib/http/connection.ts";

/** Files of one kind. */
export interface Assets {
  /** What they are for: one line of the API's description. */
  readonly summary: string;
  /** The path of each below `lib/client/`, which is the path it is served at, and its content type. */
  readonly files: readonly (readonly [path: string, type: string])[];
  /** Headers of every answer. */
  readonly headers: MiddlewareHandler;
}

function fileRoute(path: string, type: string, summary: string) {
  const content = { [type]: { schema: z.string() } };
  return createRoute({
    method: "get",
    path,
    summary,
    responses: {
      200: { description: "The file", content },
      304: { description: "As `If-None-Match` has it" },
    },
  });
}

/** Serves files: asked for anew each time, and sent again only where they have changed. */
export function addAssets(
  app: OpenAPIHono<Env>,
  { readAsset }: Pick<World, "readAsset">,
  { summary, files, headers }: Assets,
): void {
  for (const [path, type] of files) {
    app.use(`/${path}`, headers, etag());
    app.openapi(fileRoute(`/${path}`, type, summary), async (c) => {
      return c.body(await readAsset(`client/${path}`), 200, {
        "content-type": `${type}; charset=utf-8`,
        "cache-control": "no-cache",
      });
    });
  }
}
