/**
 * The live page: a first paint of all that is known, which the browser's stream goes on from.
 *
 * @module
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import type { World } from "../lib/core/world.ts";
import { timeWords } from "../lib/client/page_format.js";
import { COLUMNS, problemWords, rowWords } from "../lib/client/page_words.js";
import { QuoteClass, type Snapshot } from "../lib/topics/quotes/quote.ts";
import { type Instrument, INSTRUMENTS } from "../lib/topics/quotes/symbols.ts";

type PageSnapshot = Snapshot & { readonly cursor: string | null };

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

/** One row. The roles say again what the elements are, since narrow screens lay them out as no table. */
function row({ symbol, name }: Instrument, { quotes, status }: Snapshot, now: number) {
  const quote = quotes.find((each) => each.symbol === symbol);
  const words = rowWords({ symbol, quote, statuses: status, isFollowing: true, now });
  const texts = new Map(Object.entries({ ...words.texts, symbol, name: quote?.name ?? name }));
  const times = new Map(Object.entries(words.times));
  const cells = COLUMNS.map(({ fields }) =>
    fields.map((field) => {
      const [text, iso] = [texts.get(field) ?? "", times.get(field)];
      return iso === undefined
        ? html`<span data-field="${field}">${text}</span>`
        : html`<time data-field="${field}" datetime="${iso}">${text}</time>`;
    })
  );
  return html`
    <tr role="row" data-symbol="${symbol}" data-freshness="${words.freshness}"
      data-direction="${words.direction}">
      <th role="rowheader" scope="row">${cells[0]}</th>
      ${cells.slice(1).map((each) => html`<td role="cell">${each}</td>`)}
    </tr>
  `;
}

function table(snapshot: Snapshot, now: number) {
  const groups = QuoteClass.options
    .map((name) => ({ name, members: INSTRUMENTS.filter((each) => each.class === name) }))
    .filter(({ members }) => members.length > 0);
  return html`
    <table role="table" aria-labelledby="prices-title">
      <thead role="rowgroup">
        <tr role="row">
          ${COLUMNS.map(({ title }) => html`<th role="columnheader" scope="col">${title}</th>`)}
        </tr>
      </thead>
      ${groups.map(({ name, members }) =>
        html`
          <tbody role="rowgroup">
            <tr role="row"><th role="rowheader" scope="rowgroup" colspan="6">${name}</th></tr>
            ${members.map((each) => row(each, snapshot, now))}
          </tbody>
        `
      )}
    </table>
  `;
}

function document({ cursor, quotes, status }: PageSnapshot, origin: string, now: number) {
  const snapshot = { quotes, status };
  const problems = problemWords(status, now);
  const asOf = timeWords(new Date(now).toISOString(), now);
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Edgetape: live market prices</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/page.css">
        <script type="module" src="/page.js"></script>
      </head>
      <body>
        <header>
          <h1><img src="/icon.svg" alt="">Edgetape</h1>
          <p id="connection" role="status" data-state="snapshot">
            <strong>Snapshot</strong> <span>As of ${asOf} UTC. Reload for newer prices.</span>
          </p>
          <button id="again" type="button" hidden>Connect again</button>
        </header>
        <main data-snapshot="${JSON.stringify(snapshot)}" data-cursor="${cursor ?? ""}">
          <section id="prices">
            <div class="bar">
              <h2 id="prices-title">Prices</h2>
              <button id="pause" type="button" hidden>Pause</button>
            </div>
            ${table(snapshot, now)}
          </section>
          <section id="problems" class="panel" ${problems.length === 0 ? "hidden" : ""}>
            <h2>What to know about the sources</h2>
            <ul>
              ${problems.map(({ state, text }) => html`<li data-state="${state}">${text}</li>`)}
            </ul>
          </section>
          <section class="panel">
            <div class="bar">
              <h2>In your terminal</h2>
              <button id="copy" type="button" hidden>Copy</button>
            </div>
            <pre><code id="command">curl -N "${origin}/v1/quotes/stream"</code></pre>
            <p>
              Plain server-sent events, for any EventSource. Also <a href="/v1/quotes">as JSON</a>,
              and <a href="/openapi.json">all routes</a> as OpenAPI.
            </p>
          </section>
        </main>
      </body>
    </html>
  `;
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
      return c.html(document(snapshot, originOf(c.req.url), world.clock.now()));
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
