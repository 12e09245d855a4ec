/**
 * The prices of the live page: a table that needs no script, and the dialog that a script opens.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "./html.ts";
import type { PricePoint } from "../../lib/client/page/price_history.js";
import {
  SPARKLINE_HEIGHT,
  SPARKLINE_WIDTH,
  sparklinePaths,
  sparklineScales,
} from "../../lib/client/page/sparkline.js";
import { COLUMNS, historyTexts, rowTexts } from "../../lib/client/page/text.js";
import type { HistoryRange } from "../../lib/topics/quotes/history/range.ts";
import type { Instrument, Instruments } from "../../lib/topics/quotes/instrument.ts";
import type { QuotesSnapshot } from "../../lib/topics/quotes/quote.ts";

/** The titles of the classes, in the order of the page. */
const CLASS_TITLES: Readonly<Record<Instrument["class"], string>> = {
  crypto: "Crypto",
  metals: "Metals",
  oil: "Oil",
  energy: "Energy",
  indices: "Indices",
  equities: "Shares",
  fx: "Currencies",
  rates: "Interest rates",
  other: "Other",
};

/** The first values of the page. */
export interface PageSnapshot extends QuotesSnapshot {
  /** The position from which the page's stream continues: null while the store is unavailable. */
  readonly cursor: string | null;
  /** The course of the day of each symbol, oldest first. */
  readonly trends: ReadonlyMap<string, readonly PricePoint[]>;
}

/** Returns the id of a sparkline's drawing. */
function sparklineId(symbol: string): string {
  return `trend-${symbol}`;
}

/** Renders the sparkline of a price. A script draws it again when the price changes. */
function sparkline(symbol: string, points: readonly PricePoint[]): Html {
  const { isFlat, area, line, dot } = sparklinePaths(points);
  return html`
    <svg class="spark${isFlat ? " flat" : ""}" viewBox="0 0 ${SPARKLINE_WIDTH} ${SPARKLINE_HEIGHT}"
      preserveAspectRatio="none" aria-hidden="true" data-scales="${sparklineScales(points)}">
      <g id="${sparklineId(symbol)}">
        <path class="area" d="${area}" />
        <path class="line" d="${line}" />
      </g>
      <path class="dot" d="${dot}" />
    </svg>
  `;
}

/** Renders the chart of a price, its sparkline enlarged, for browsers without JavaScript, which cannot open the dialog. */
function staticChart(
  { symbol, name, decimals }: Instrument,
  points: readonly PricePoint[],
  now: number,
): Html {
  const { range, since } = historyTexts(points, decimals, now);
  return html`
    <figure>
      <figcaption><strong>${name}</strong> ${range}. ${since}</figcaption>
      <svg class="spark" viewBox="0 0 ${SPARKLINE_WIDTH} ${SPARKLINE_HEIGHT}" preserveAspectRatio="none"
        role="img" aria-label="${name}, ${range}">
        <use href="#${sparklineId(symbol)}" />
      </svg>
    </figure>
  `;
}

/** Renders the row of an instrument. The roles are explicit, because a narrow screen does not lay it out as a table. */
function priceRow(
  { symbol, name }: Instrument,
  { quotes, status, trends }: PageSnapshot,
  now: number,
): Html {
  const quote = quotes.find((candidate) => candidate.symbol === symbol);
  const content = rowTexts({ symbol, quote, statuses: status, isFollowing: true, now });
  const shownName = quote?.name ?? name;
  const texts = new Map(Object.entries({ ...content.texts, symbol, name: shownName }));
  const times = new Map(Object.entries(content.times));
  const drawings = new Map([["trend", sparkline(symbol, trends.get(symbol) ?? [])], [
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
    <tr role="row" id="quote-${symbol}" data-symbol="${symbol}" data-freshness="${content
      .freshness}"
      data-direction="${content.direction}">
      <th role="rowheader" scope="row" class="symbol">${header?.cell}</th>
      ${others.map(({ column, cell }) => html`<td role="cell" class="${column}">${cell}</td>`)}
    </tr>
  `;
}

/** Renders the rows of all instruments, by class. @param now Wall time, in milliseconds since the Unix epoch. */
export function pricesSection(
  instruments: Instruments,
  snapshot: PageSnapshot,
  now: number,
): Html {
  const columnCount = COLUMNS.length;
  const charts = [...instruments.values()].map((instrument) => ({
    instrument,
    points: snapshot.trends.get(instrument.symbol) ?? [],
  })).filter(({ points }) => points.length > 1);
  const groups = Object.entries(CLASS_TITLES)
    .map(([name, title]) => ({
      title,
      members: [...instruments.values()].filter((instrument) => instrument.class === name),
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
        ${groups.map(({ title, members }) =>
          html`
            <tbody role="rowgroup">
              <tr role="row"><th role="rowheader" scope="rowgroup" colspan="${columnCount}">${title}</th></tr>
              ${members.map((instrument) => priceRow(instrument, snapshot, now))}
            </tbody>
          `
        )}
      </table>
      ${charts.length > 0
        ? html`
          <noscript>
            <h3>Charts of the day</h3>
            <div class="charts">
              ${charts.map(({ instrument, points }) => staticChart(instrument, points, now))}
            </div>
          </noscript>
        `
        : ""}
    </section>
  `;
}

/** The facts of the dialog, below its chart. */
const DETAIL_FACTS = [
  ["Status", ["freshness"]],
  ["Market time", ["asOf", "received"]],
  ["Low – high of the chart", ["range"]],
  ["Open", ["dayOpen"]],
  ["Low – high of the day", ["dayRange"]],
  ["Changed from", ["previous"]],
  ["Volume", ["volume"]],
  ["Bid – ask", ["spread"]],
  ["Opens", ["nextOpen"]],
  ["Source", ["source", "attribution", "simulated"]],
] as const;

/** The ranges of the dialog's chart, and their labels. */
const CHART_RANGES: Readonly<Record<HistoryRange, string>> = {
  "1h": "Hour",
  "1d": "Day",
  "5d": "5 days",
  "1mo": "Month",
  "1y": "Year",
};

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
      <div class="ranges" role="group" aria-label="Range of the chart">
        ${Object.entries(CHART_RANGES).map(([range, label]) =>
          html`<button type="button" data-range="${range}" aria-pressed="false">${label}</button>`
        )}
      </div>
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
