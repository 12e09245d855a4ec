/**
 * Files that ship with the code: what the browser runs, and what it looks like.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { World } from "../lib/core/world.ts";
import { bundle } from "../lib/http/bundle.ts";
import type { Env } from "../lib/http/connection.ts";
import { createPackedSender } from "../lib/http/packed.ts";

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

/** Serves files: asked for anew each time, and sent again only where they have changed. A module comes with all it imports. */
export function addAssets(
  app: OpenAPIHono<Env>,
  { readAsset }: Pick<World, "readAsset">,
  { summary, files, headers }: Assets,
): void {
  const send = createPackedSender();
  const utf8 = new TextDecoder();
  const read = async (path: string) => utf8.decode(await readAsset(`client/${path}`));

  for (const [path, type] of files) {
    app.use(`/${path}`, headers);
    app.openapi(fileRoute(`/${path}`, type, summary), async (c) => {
      c.header("content-type", `${type}; charset=utf-8`);
      c.header("cache-control", "no-cache");
      const text = type === "text/javascript" ? await bundle(path, read) : await read(path);
      return await send(c, path, text);
    });
  }
}
