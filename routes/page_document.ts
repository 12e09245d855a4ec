/**
 * The live page's markup: all that is known, as a table that needs no script.
 *
 * @module
 */
import { html } from "hono/html";
import { timeWords } from "../lib/client/page_format.js";
import { problemWords } from "../lib/client/page_problems.js";
import { COLUMNS, rowWords } from "../lib/client/page_words.js";
import { QuoteClass, type Snapshot } from "../lib/topics/quotes/quote.ts";
import { newsSection, type PageNews } from "./page_news.ts";
import { type Instrument, INSTRUMENTS } from "../lib/topics/quotes/symbols.ts";

/** What the page begins with. `cursor`: from there its stream goes on, null where no log can tell. */
export type PageSnapshot = Snapshot & { readonly cursor: string | null };

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

/** All rows, by class. */
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

/**
 * The whole page.
 *
 * @param origin Of this server, for commands that can be copied.
 * @param now Milliseconds since the epoch.
 */
export function pageDocument(
  { cursor, quotes, status }: PageSnapshot,
  news: PageNews,
  origin: string,
  now: number,
) {
  const snapshot = { quotes, status };
  const problems = problemWords(status, now);
  const asOf = timeWords(new Date(now).toISOString(), now);
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Edgetape: live market prices and news</title>
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
        <main data-snapshot="${JSON.stringify(snapshot)}" data-cursor="${cursor ?? ""}"
          data-articles="${JSON.stringify(news.articles)}" data-source="${news.source ?? ""}">
          <section id="prices">
            <div class="bar">
              <h2 id="prices-title">Prices</h2>
              <button id="pause" type="button" hidden>Pause</button>
            </div>
            ${table(snapshot, now)}
          </section>
          ${newsSection(news, now)}
          <section id="problems" class="panel" ${problems.length === 0 ? "hidden" : ""}>
            <h2>What to know about the sources</h2>
            <ul class="notes">
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
              Plain server-sent events, for any EventSource. Also <a href="/v1/quotes">as JSON</a>
              (<a href="/v1/news">news</a>), and <a href="/openapi.json">all routes</a> as OpenAPI.
            </p>
          </section>
        </main>
      </body>
    </html>
  `;
}
