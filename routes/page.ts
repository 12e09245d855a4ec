/**
 * The live page: a first paint of all that is known, which the browser's stream goes on from.
 *
 * @module
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import type { World } from "../lib/core/world.ts";
import { pageDocument, type PageSnapshot } from "./page_document.ts";

/** What the page needs. */
export interface PageServices {
  readonly world: Pick<World, "readAsset" | "clock">;
  readonly quotes: {
    /** Tells the pollers that somebody looks. Never throws, and waits for 800 ms at most. */
    watch(): Promise<void>;
    /** What is known, and the cursor from which a stream goes on: null where no log can tell. */
    snapshot(): Promise<PageSnapshot>;
  };
}

/** The files of the page, below `lib/client/`, each with its content type. THE LIST of them. */
const ASSETS = [
  ["page.css", "text/css"],
  ["page.js", "text/javascript"],
  ["page_connection.js", "text/javascript"],
  ["page_format.js", "text/javascript"],
  ["page_problems.js", "text/javascript"],
  ["page_table.js", "text/javascript"],
  ["page_words.js", "text/javascript"],
  ["icon.svg", "image/svg+xml"],
] as const;

function fileRoute(path: string, type: string, summary: string) {
  const content = { [type]: { schema: z.string() } };
  const unchanged = path === "/" ? {} : { 304: { description: "As `If-None-Match` has it" } };
  const responses = { 200: { description: "The file", content }, ...unchanged };
  return createRoute({ method: "get", path, summary, responses });
}

/** The host the client asked for, where it can be shown in a command line as it is. */
function originOf(url: string): string {
  const known = URL.parse(url); // a client may name any host, or none that can be read
  return known && /^[\w.:[\]-]+$/.test(known.host) ? known.origin : "http://localhost:8000";
}

/** No script but ours, no inline one, and no text that becomes markup. */
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
  xFrameOptions: "DENY",
  // Whoever runs the domain decides that for all of it.
  strictTransportSecurity: false,
});

/** The page and its files, under a strict policy. */
export function pageRoutes({ world, quotes }: PageServices): OpenAPIHono {
  const app = new OpenAPIHono();
  app.use("/", headers);
  app.openapi(
    fileRoute("/", "text/html", "The live page, a table without JavaScript"),
    async (c) => {
      // HEAD runs this too, and asks for nothing: nobody looks.
      if (c.req.method === "GET") await quotes.watch();
      const snapshot = await quotes.snapshot();
      c.header("cache-control", "no-store");
      return c.html(pageDocument(snapshot, originOf(c.req.url), world.clock.now()));
    },
  );

  for (const [name, type] of ASSETS) {
    app.use(`/${name}`, headers, etag());
    app.openapi(fileRoute(`/${name}`, type, "A file of the live page"), async (c) => {
      const bytes = await world.readAsset(`client/${name}`);
      return c.body(bytes, 200, {
        "content-type": `${type}; charset=utf-8`,
        "cache-control": "no-cache",
      });
    });
  }
  return app;
}
