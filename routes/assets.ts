/**
 * Files that ship with the code: what the browser runs, and what it looks like.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { Runtime } from "../lib/core/runtime.ts";
import { bundle, bundleStyles } from "../lib/http/bundle.ts";
import type { AppEnv } from "../lib/http/client_address.ts";
import { memoizePacked, sendPacked } from "../lib/http/assets.ts";

/** One file. */
export interface Asset {
  /** Below `lib/client/`, which is the path it is served at. */
  readonly path: string;
  /** Its content type. */
  readonly type: string;
  /** Reads it, where it is not below `lib/client/`. */
  readonly read?: () => Promise<string>;
}

/** Files of one kind. */
export interface Assets {
  /** What they are for: one line of the API's description. */
  readonly summary: string;
  readonly files: readonly Asset[];
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

/** Serves files: put together and packed once, asked for anew each time, and sent again only where they have changed. Modules and style sheets come with all they import. */
export function addAssets(
  app: OpenAPIHono<AppEnv>,
  { readAsset }: Pick<Runtime, "readAsset">,
  { summary, files, headers }: Assets,
): void {
  const utf8 = new TextDecoder();
  const read = async (path: string) => utf8.decode(await readAsset(`client/${path}`));

  async function textOf({ path, type, read: readOther }: Asset): Promise<string> {
    if (readOther !== undefined) return await readOther();
    if (type === "text/javascript") return await bundle(path, read);
    return await (type === "text/css" ? bundleStyles(path, read) : read(path));
  }

  /** Files ship with the code: none changes while it runs. */
  const packedOf = memoizePacked(textOf);

  for (const file of files) {
    const { path, type } = file;
    app.use(`/${path}`, headers);
    app.openapi(fileRoute(`/${path}`, type, summary), async (c) => {
      c.header("content-type", `${type}; charset=utf-8`);
      c.header("cache-control", "no-cache");
      return sendPacked(c, await packedOf(file));
    });
  }
}
