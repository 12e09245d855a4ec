/**
 * The document of the live page: its head, its header and its sections.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "./html.ts";
import { formatTime } from "../../lib/client/format/values.js";
import { simulatedText } from "../../lib/client/page/text.js";
import type { Instruments } from "../../lib/topics/quotes/instrument.ts";
import { newsSection, type PageNews } from "./news.ts";
import {
  chatSection,
  commandsSection,
  framesSection,
  operationSection,
  problemsSection,
} from "./panels.ts";
import { detailDialog, type PageSnapshot, pricesSection } from "./prices.ts";

/** The properties of a page that do not depend on quotes and news. */
export interface PageFrame {
  readonly instruments: Instruments;
  /** The origin of this server, for commands that can be copied. */
  readonly origin: string;
  /** Wall time, in milliseconds since the Unix epoch. */
  readonly now: number;
  /** True if the server runs demo operations. */
  readonly isDemo: boolean;
}

/** Renders the notice that values are simulated, hidden if it is empty. */
function simulatedBanner(notice: string): Html {
  return html`
    <p id="simulated" ${notice === "" ? "hidden" : ""}>
      <strong>SIMULATED</strong> <span>${notice}</span>
    </p>
  `;
}

/** Renders the whole page, with the snapshot from which its script continues. */
export function pageDocument(
  pageSnapshot: PageSnapshot,
  news: PageNews,
  { instruments, origin, now, isDemo }: PageFrame,
): Html {
  const { cursor, quotes, status } = pageSnapshot;
  const snapshot = { quotes, status };
  const asOf = formatTime(new Date(now).toISOString(), now);
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Edgetape: live market prices and news</title>
        <meta name="description" content="Market prices and news, live as server-sent events.">
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/page/page.css">
        <link rel="modulepreload" href="/client.js">
        <script type="module" src="/page/page.js"></script>
      </head>
      <body>
        <header>
          ${simulatedBanner(simulatedText([...quotes, ...news.articles]))}
          <div class="top">
            <h1><img src="/icon.svg" alt="" width="28" height="28">Edgetape</h1>
            <connection-badge>
              <strong>Snapshot</strong> <span>As of ${asOf} UTC. Reload for newer prices.</span>
            </connection-badge>
            <button id="pause" type="button" hidden>Pause</button>
          </div>
        </header>
        <main data-snapshot="${JSON.stringify(snapshot)}" data-cursor="${cursor ?? ""}"
          data-articles="${JSON.stringify(news.articles)}" data-source="${news.sources?.join(",") ??
            ""}" ${news.feeds.some(({ state }) => state === "waiting") ? "data-filling" : ""}>
          ${pricesSection(instruments, pageSnapshot, now)} ${newsSection(news, instruments, now)}
          <div class="panels">
            ${problemsSection(status, now)} ${isDemo ? [chatSection(), operationSection()] : ""}
            ${commandsSection(origin)} ${framesSection()}
          </div>
          ${detailDialog()}
        </main>
      </body>
    </html>
  `;
}
