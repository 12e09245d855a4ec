/**
 * The documentation: the OpenAPI document, and the guides as pages.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { html, raw } from "hono/html";
import { Problem } from "../lib/core/problem.ts";
import type { Runtime } from "../lib/core/runtime.ts";
import type { AppEnv } from "../lib/http/app_env.ts";
import {
  addAssetRoutes,
  type CompressedText,
  memoizeCompressed,
  sendCompressed,
} from "../lib/http/assets.ts";
import { type RenderedDocument, renderMarkdown } from "../lib/http/markdown.ts";
import { jsonContent } from "../lib/http/openapi.ts";
import { pageHeaders } from "../lib/http/page_headers.ts";
import { problems } from "../lib/http/problem_response.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";

/** The dependencies of the documentation. */
interface DocsServices {
  readonly version: string;
  readonly runtime: Pick<Runtime, "readAsset">;
}

const pageResponses = {
  200: { description: "The page", content: { "text/html": { schema: z.string() } } },
  304: { description: "Not modified since `If-None-Match`" },
};

/** Converts a link to a guide's file to a link to its page. Returns other links unchanged. */
function toPageLink(link: string): string {
  const fileLink = /^(\w+)\.md(|#.*)$/.exec(link);
  if (fileLink === null) return link;
  const [, name, anchor] = fileLink;
  return `${name === "index" ? "/docs" : `/docs/${name}`}${anchor}`;
}

/** Renders the page of a guide. */
function guidePage({ title, html: content }: RenderedDocument): string {
  return String(html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title} · Edgetape</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/page/docs.css">
      </head>
      <body>
        <header>
          <nav class="guide-head" aria-label="Edgetape">
            <a href="/">Edgetape</a> <a href="/docs">Guides</a> <a href="/openapi.json">API</a>
          </nav>
        </header>
        <main>
          <article>${raw(content)}</article>
        </main>
      </body>
    </html>
  `);
}

function unknownGuide(): Problem {
  return new Problem(404, "unknown_guide", "No guide has this name: see /docs.");
}

/**
 * Creates the routes of the documentation.
 *
 * @param api The root router. `/openapi.json` describes its routes.
 */
export function docsRoutes({ version, runtime }: DocsServices, api: Router): Router {
  const app = createRouter();
  api.openAPIRegistry.registerComponent("securitySchemes", "publisher", {
    type: "http",
    scheme: "bearer",
    description: "The secret in PUBLISH_TOKEN",
  });

  /** The OpenAPI document. It is generated on the first request, because all routes are registered by then. */
  let document: { openapi: string } | undefined;

  route(app, {
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    tags: ["ops"],
    request: {},
    responses: { 200: jsonContent("OpenAPI 3.2", z.object({ openapi: z.string() })) },
  }, (c) => {
    // The generator of 3.1 serves 3.2 too, which adds to it. The copy drops what JSON has no form for, once.
    document ??= JSON.parse(JSON.stringify(api.getOpenAPI31Document({
      openapi: "3.2.0",
      info: {
        title: "Edgetape",
        version,
        description: "Quotes and events as server-sent events, for any EventSource.",
        license: { name: "MIT" },
      },
    })));
    return c.json(document, 200);
  });

  const renderPage = memoizeCompressed(async (name: string) => {
    const markdown = new TextDecoder().decode(await runtime.readAsset(`docs/${name}.md`));
    return guidePage(renderMarkdown(markdown, toPageLink));
  });

  function sendPage(c: Context<AppEnv>, page: CompressedText): Response {
    c.header("content-type", "text/html; charset=utf-8");
    c.header("cache-control", "no-cache");
    return sendCompressed(c, page);
  }

  app.use("/docs", pageHeaders);
  app.use("/docs/*", pageHeaders);

  route(app, {
    method: "get",
    path: "/docs",
    summary: "The index of the guides",
    tags: ["ops"],
    request: {},
    responses: pageResponses,
  }, async (c) => sendPage(c, await renderPage("index")));

  route(app, {
    method: "get",
    path: "/docs/{guide}",
    summary: "A guide",
    tags: ["ops"],
    request: { params: z.object({ guide: z.string().meta({ example: "stream" }) }) },
    responses: { ...pageResponses, ...problems(404) },
  }, async (c, { params: { guide } }) => {
    if (!/^\w{1,64}$/.test(guide)) throw unknownGuide();
    try {
      return sendPage(c, await renderPage(guide));
    } catch (thrown) {
      const isMissing = thrown instanceof Error && thrown.name === "NotFound";
      throw isMissing ? unknownGuide() : thrown;
    }
  });

  addAssetRoutes(app, runtime, {
    summary: "The style sheet of the guides",
    files: [{ path: "page/docs.css", type: "text/css" }],
    headers: pageHeaders,
  });
  return app;
}
