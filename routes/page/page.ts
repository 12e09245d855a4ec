/**
 * The live page: a first paint of all that is known, which the browser's stream goes on from.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import type { Runtime } from "../../lib/core/runtime.ts";
import { MAX_SHOWN_ARTICLES } from "../../lib/client/page/text.js";
import { type Asset, assetRoutes } from "../../lib/http/assets.ts";
import { pageHeaders } from "../../lib/http/page_headers.ts";
import { sourceFilter, SourceQuery } from "../../lib/http/query_params.ts";
import { problems } from "../../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../../lib/http/route.ts";
import type { NewsService } from "../../lib/topics/news/news_service.ts";
import { pageDocument, type PageSnapshot } from "./document.ts";

/** What the page needs. */
export interface PageServices {
  readonly runtime: Pick<Runtime, "readAsset" | "clock">;
  readonly quotes: {
    /** Tells the pollers that somebody looks. Never throws, and waits for 800 ms at most. */
    watch(): Promise<void>;
    /** What is known, and the cursor from which a stream goes on: null where no log can tell. */
    snapshot(): Promise<PageSnapshot>;
  };
  readonly news: Pick<NewsService, "watch" | "latest" | "feeds">;
  /** Whether operations of the demo can be begun. */
  readonly isDemo: boolean;
}

/** The files of the page, below `lib/client/`, each with its content type. THE LIST of them: what they import comes with them. */
const FILES = [
  ["page/page.css", "text/css"],
  ["page/page.js", "text/javascript"],
  ["page/chart.js", "text/javascript"],
  ["icon.svg", "image/svg+xml"],
] as const;

/** The package that draws the large chart, as its authors built it: it names itself `uPlot`, and is to be a module. */
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

/** The host the client asked for, where it can be shown in a command line as it is. */
function originOf(url: string): string {
  const known = URL.parse(url); // a client may name any host, or none that can be read
  return known && /^[\w.:[\]-]+$/.test(known.host) ? known.origin : "http://localhost:8000";
}

/** The page and its files, under a strict policy. */
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
    const sources = sourceFilter(query.source);
    // HEAD runs this too, and asks for nothing: nobody looks.
    if (c.req.method === "GET") await Promise.all([quotes.watch(), news.watch()]);
    // What comes in between is shown and told by the stream, which goes on from the earlier place.
    const snapshot = await quotes.snapshot();
    const { articles } = await news.latest(sources, MAX_SHOWN_ARTICLES);
    const feeds = await news.feeds(null);
    const painted = { articles, feeds, source: sources?.join(",") ?? null };
    c.header("cache-control", "no-store");
    const frame = { origin: originOf(c.req.url), now: runtime.clock.now(), isDemo };
    return c.html(pageDocument(snapshot, painted, frame));
  });

  assetRoutes(app, runtime, {
    summary: "A file of the live page",
    files: FILES.map(([path, type]) => ({ path, type })),
    headers: pageHeaders,
  });
  assetRoutes(app, runtime, {
    summary: "The package that draws charts",
    files: uPlot(runtime),
    headers: pageHeaders,
  });
  return app;
}
