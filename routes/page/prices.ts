/**
 * The prices of the live page: a table that needs no script, and the dialog that a script opens.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "./html.ts";
import { SPARKLINE_HEIGHT, SPARKLINE_WIDTH } from "../../lib/client/page/sparkline.js";
import { COLUMNS, rowTexts } from "../../lib/client/page/text.js";
import { type Instrument, INSTRUMENTS } from "../../lib/topics/quotes/instruments.ts";
import { QuoteClass, type QuotesSnapshot } from "../../lib/topics/quotes/quote.ts";

/** Renders the sparkline of a price, which a script fills. */
function sparkline(): Html {
  return html`
    <svg class="spark" viewBox="0 0 ${SPARKLINE_WIDTH} ${SPARKLINE_HEIGHT}" preserveAspectRatio="none"
      aria-hidden="true">
      <path class="area" />
      <path class="line" />
      <path class="dot" />
    </svg>
  `;
}

/** Renders the row of an instrument. The roles are explicit, because a narrow screen does not lay it out as a table. */
function priceRow({ symbol, name }: Instrument, { quotes, status }: QuotesSnapshot, now: number) {
  const quote = quotes.find((candidate) => candidate.symbol === symbol);
  const content = rowTexts({ symbol, quote, statuses: status, isFollowing: true, now });
  const shownName = quote?.name ?? name;
  const texts = new Map(Object.entries({ ...content.texts, symbol, name: shownName }));
  const times = new Map(Object.entries(content.times));
  const drawings = new Map([["trend", sparkline()], [
    "open",
    html`
      <button type="button" hidden aria-haspopup="dialog" aria-label="Chart of ${shownName}"></button>
    `,
  ]]);
  const cells = COLUMNS.map(({ name: column, fields }) => {
    const parts = fields.map((field) => {
      const [text, iso] = [texts.get(field) ?? "", times.get(field)];
      return iso === undefined
        ? html`
          <span data-field="${field}">${text}</span>
        `
        : html`
          <time data-field="${field}" datetime="${iso}">${text}</time>
        `;
    });
    return { column, cell: drawings.get(column) ?? parts };
  });
  const [header, ...others] = cells;
  return html`
    <tr role="row" data-symbol="${symbol}" data-freshness="${content.freshness}"
      data-direction="${content.direction}">
      <th role="rowheader" scope="row" class="symbol">${header?.cell}</th>
      ${others.map(({ column, cell }) => html`<td role="cell" class="${column}">${cell}</td>`)}
    </tr>
  `;
}

/** Renders the rows of all instruments, by class. @param now Wall time, in milliseconds since the Unix epoch. */
export function pricesSection(snapshot: QuotesSnapshot, now: number): Html {
  const columnCount = COLUMNS.length;
  const groups = QuoteClass.options
    .map((name) => ({
      name,
      members: INSTRUMENTS.filter((instrument) => instrument.class === name),
    }))
    .filter(({ members }) => members.length > 0);
  return html`
    <section id="prices" aria-labelledby="prices-title">
      <h2 id="prices-title">Prices</h2>
      <table role="table" aria-labelledby="prices-title">
        <thead role="rowgroup">
          <tr role="row">
            ${COLUMNS.map(({ name, title }) =>
              html`<th role="columnheader" scope="col" class="${name}">${title}</th>`
            )}
          </tr>
        </thead>
        ${groups.map(({ name, members }) =>
          html`
            <tbody role="rowgroup">
              <tr role="row"><th role="rowheader" scope="rowgroup" colspan="${columnCount}">${name}</th></tr>
              ${members.map((instrument) => priceRow(instrument, snapshot, now))}
            </tbody>
          `
        )}
      </table>
    </section>
  `;
}

/** The facts of the dialog, below its chart. */
const DETAIL_FACTS = [
  ["Status", ["freshness"]],
  ["Market time", ["asOf", "received"]],
  ["Range since opened", ["range"]],
  ["Source", ["source", "attribution", "simulated"]],
] as const;

/** Renders the empty dialog of one price. */
export function detailDialog(): Html {
  const field = (name: string) =>
    html`
      <span data-field="${name}"></span>
    `;
  const time = (name: string) =>
    html`
      <time data-field="${name}"></time>
    `;
  return html`
    <dialog id="detail" aria-labelledby="detail-title" closedby="any">
      <div class="bar">
        <h2 id="detail-title">${field("name")} ${field("symbol")}</h2>
        <button type="button" class="close" aria-label="Close"></button>
      </div>
      <p class="quote">${["price", "unit", "change", "amount", "basis"].map(field)}</p>
      <div class="plot" role="img"></div>
      <p data-field="since"></p>
      <dl>
        ${DETAIL_FACTS.map(([title, names]) =>
          html`
            <div>
              <dt>${title}</dt>
              <dd>${names.map((name) =>
                name === "asOf" || name === "received" ? time(name) : field(name)
              )}</dd>
            </div>
          `
        )}
      </dl>
    </dialog>
  `;
}
