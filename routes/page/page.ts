/**
 * The live page: its first paint includes the snapshot, and the browser's stream continues from it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import type { Runtime } from "../../lib/core/runtime.ts";
import { limitPoints, pointsOfBars } from "../../lib/client/page/price_history.js";
import { MAX_SHOWN_ARTICLES } from "../../lib/client/page/text.js";
import { addAssetRoutes, type Asset } from "../../lib/http/assets.ts";
import { createPageHeaders, pageHeaders } from "../../lib/http/page_headers.ts";
import { parseSourceFilter, SourceQuery } from "../../lib/http/query_params.ts";
import { problems } from "../../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../../lib/http/route.ts";
import { ALL_NEWS } from "../../lib/topics/news/news_filter.ts";
import type { NewsService } from "../../lib/topics/news/news_service.ts";
import type { Quote } from "../../lib/topics/quotes/quote.ts";
import type { QuotesService } from "../../lib/topics/quotes/quotes_service.ts";
import { pageDocument } from "./document.ts";
import type { PageSnapshot } from "./prices.ts";

/** The services of the page. */
export interface PageServices {
  readonly runtime: Pick<Runtime, "readAsset" | "clock">;
  readonly quotes: Pick<QuotesService, "instruments" | "watch" | "snapshot" | "trends">;
  readonly news: Pick<NewsService, "watch" | "latest" | "feeds">;
  /** True if the server runs demo operations. */
  readonly isDemo: boolean;
  /** True if the page shows the pictures of articles, which are on other hosts. */
  readonly hasImages: boolean;
}

/**
 * The files of the page, below `lib/client/`, with their content types. Scripts are served as bundles with their
 * imports.
 */
const PAGE_FILES = [
  ["page/page.css", "text/css"],
  ["page/page.js", "text/javascript"],
  ["page/chart.js", "text/javascript"],
  ["icon.svg", "image/svg+xml"],
] as const;

/**
 * Returns the files of uPlot, which draws the large chart. Its script defines a global, which becomes the export of a
 * module.
 */
function uPlotAssets({ readAsset }: Pick<Runtime, "readAsset">): Asset[] {
  const readText = async (file: string) =>
    new TextDecoder().decode(await readAsset(`npm:uplot/dist/${file}`));
  return [
    {
      path: "page/uplot.js",
      type: "text/javascript",
      read: async () => `${await readText("uPlot.iife.min.js")}\nexport default uPlot;\n`,
    },
    { path: "page/uplot.css", type: "text/css", read: () => readText("uPlot.min.css") },
  ];
}

/** The most points of a trend: about one per pixel of a sparkline. */
const MAX_TREND_POINTS = 96;

/** The origin in commands if the requested one cannot be shown. */
const FALLBACK_ORIGIN = "http://localhost:8000";

/** Returns the requested origin if a command line can contain it unescaped, else {@linkcode FALLBACK_ORIGIN}. */
function originForCommands(url: string): string {
  const parsed = URL.parse(url); // null if the `Host` header is malformed
  return parsed && /^[\w.:[\]-]+$/.test(parsed.host) ? parsed.origin : FALLBACK_ORIGIN;
}

/** Creates the routes of the page and its files, with a strict Content-Security-Policy. */
export function pageRoutes(
  { runtime, quotes, news, isDemo, hasImages }: PageServices,
): Router {
  const app = createRouter();
  app.use("/", createPageHeaders({ hasImages }));
  app.use("/", compress());

  async function readTrends(shown: readonly Quote[]): Promise<PageSnapshot["trends"]> {
    const trends = [...await quotes.trends(shown)].map(([symbol, { bars }]) =>
      [symbol, limitPoints(pointsOfBars(bars), MAX_TREND_POINTS)] as const
    );
    return new Map(trends);
  }

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
    // A HEAD request shows no values, so it does not keep the pollers running.
    if (c.req.method === "GET") await Promise.all([quotes.watch(), news.watch()]);
    // The snapshot is read first. The stream continues from its cursor, so it repeats the changes that follow.
    const snapshot = await quotes.snapshot();
    const trends = await readTrends(snapshot.quotes);
    const { articles } = await news.latest({ ...ALL_NEWS, sources }, MAX_SHOWN_ARTICLES);
    const feeds = await news.feeds(null);
    const pageNews = { articles, feeds, sources, hasImages };
    c.header("cache-control", "no-store");
    const frame = {
      instruments: quotes.instruments,
      origin: originForCommands(c.req.url),
      now: runtime.clock.now(),
      isDemo,
    };
    return c.html(pageDocument({ ...snapshot, trends }, pageNews, frame));
  });

  addAssetRoutes(app, runtime, {
    summary: "A file of the live page",
    files: PAGE_FILES.map(([path, type]) => ({ path, type })),
    headers: pageHeaders,
  });
  addAssetRoutes(app, runtime, {
    summary: "The package that draws charts",
    files: uPlotAssets(runtime),
    headers: pageHeaders,
  });
  return app;
}
