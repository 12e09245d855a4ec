/**
 * The live page: its first paint includes the snapshot, and the browser's stream continues from it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import type { Runtime } from "../../lib/core/runtime.ts";
import { MAX_SHOWN_ARTICLES } from "../../lib/client/page/text.js";
import { addAssetRoutes, type Asset } from "../../lib/http/assets.ts";
import { pageHeaders } from "../../lib/http/page_headers.ts";
import { parseSourceFilter, SourceQuery } from "../../lib/http/query_params.ts";
import { problems } from "../../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../../lib/http/route.ts";
import type { NewsService } from "../../lib/topics/news/news_service.ts";
import { pageDocument, type PageSnapshot } from "./document.ts";

/** The services of the page. */
export interface PageServices {
  readonly runtime: Pick<Runtime, "readAsset" | "clock">;
  readonly quotes: {
    /** Keeps the pollers running. Waits for at most 800 ms, and never throws. */
    watch(): Promise<void>;
    /** Returns the latest values, and the cursor that a stream continues from: null while the store is unavailable. */
    snapshot(): Promise<PageSnapshot>;
  };
  readonly news: Pick<NewsService, "watch" | "latest" | "feeds">;
  /** True if the server runs demo operations. */
  readonly isDemo: boolean;
}

/** THE LIST of the page's files, below `lib/client/`, with their content types. Their own imports are bundled into them. */
const PAGE_FILES = [
  ["page/page.css", "text/css"],
  ["page/page.js", "text/javascript"],
  ["page/chart.js", "text/javascript"],
  ["icon.svg", "image/svg+xml"],
] as const;

/** Returns the package of the large chart, as its authors built it. It defines the global `uPlot`, which becomes a module's export. */
function uPlot({ readAsset }: Pick<Runtime, "readAsset">): Asset[] {
  const read = async (file: string) =>
    new TextDecoder().decode(await readAsset(`npm:uplot/dist/${file}`));
  return [
    {
      path: "page/uplot.js",
      type: "text/javascript",
      read: async () => `${await read("uPlot.iife.min.js")}\nexport default uPlot;\n`,
    },
    { path: "page/uplot.css", type: "text/css", read: () => read("uPlot.min.css") },
  ];
}

/** Returns the origin that the client requested, if it can be shown in a command line unescaped. */
function originOf(url: string): string {
  const known = URL.parse(url); // a client may name any host, or none that can be read
  return known && /^[\w.:[\]-]+$/.test(known.host) ? known.origin : "http://localhost:8000";
}

/** Creates the routes of the page and its files, under a strict policy. */
export function pageRoutes({ runtime, quotes, news, isDemo }: PageServices): Router {
  const app = createRouter();
  app.use("/", pageHeaders);
  app.use("/", compress());
  route(app, {
    method: "get",
    path: "/",
    summary: "The live page: a table and a list without JavaScript",
    request: { query: SourceQuery },
    responses: {
      200: { description: "The page", content: { "text/html": { schema: z.string() } } },
      ...problems(400),
    },
  }, async (c, { query }) => {
    const sources = parseSourceFilter(query.source);
    // HEAD runs this too, but no one watches.
    if (c.req.method === "GET") await Promise.all([quotes.watch(), news.watch()]);
    // The snapshot comes first: the stream continues from its cursor, so it repeats what changes in between.
    const snapshot = await quotes.snapshot();
    const { articles } = await news.latest(sources, MAX_SHOWN_ARTICLES);
    const feeds = await news.feeds(null);
    const painted = { articles, feeds, source: sources?.join(",") ?? null };
    c.header("cache-control", "no-store");
    const frame = { origin: originOf(c.req.url), now: runtime.clock.now(), isDemo };
    return c.html(pageDocument(snapshot, painted, frame));
  });

  addAssetRoutes(app, runtime, {
    summary: "A file of the live page",
    files: PAGE_FILES.map(([path, type]) => ({ path, type })),
    headers: pageHeaders,
  });
  addAssetRoutes(app, runtime, {
    summary: "The package that draws charts",
    files: uPlot(runtime),
    headers: pageHeaders,
  });
  return app;
}
