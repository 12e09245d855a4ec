/**
 * The panels of the live page below prices and news: sources, an operation, commands, frames.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "./html.ts";
import { providerNotes } from "../../lib/client/page/text.js";
import type { ProviderStatus } from "../../lib/topics/quotes/quote.ts";

/** Renders the problems of providers, hidden if there are none. @param now Wall time, in milliseconds since the Unix epoch. */
export function problemsSection(
  status: readonly ProviderStatus[],
  now: number,
): Html {
  const notes = providerNotes(status, now);
  return html`
    <section id="problems" class="panel" ${notes.length === 0 ? "hidden" : ""}>
      <h2>Sources</h2>
      <ul class="notes">
        ${notes.map(({ state, text }) => html`<li data-state="${state}">${text}</li>`)}
      </ul>
    </section>
  `;
}

/** Renders the panel of a demo operation, which a script starts. */
export function operationSection(): Html {
  return html`
    <section id="operation" class="panel scripted" aria-labelledby="operation-title">
      <div class="bar">
        <h2 id="operation-title">Operations</h2>
        <button type="button" hidden>Run a demo operation</button>
      </div>
      <p>A long job on the server, followed live from its start to its end. This one takes a few seconds.</p>
      <div class="run" hidden>
        <p class="facts">
          <strong data-field="state"></strong> <span data-field="message"></span>
          <span data-field="eta"></span> <span data-field="percent"></span>
        </p>
        <progress max="1" aria-labelledby="operation-title"></progress>
        <p><code data-field="id"></code></p>
      </div>
    </section>
  `;
}

/** Renders the panel of the demo's chat, which a script fills and shows. */
export function chatSection(): Html {
  return html`
    <section id="chat" class="panel" aria-labelledby="chat-title" hidden>
      <h2 id="chat-title">Ask about the prices</h2>
      <ol aria-labelledby="chat-title" aria-live="polite" tabindex="0"></ol>
      <form>
        <input name="question" aria-label="Question" autocomplete="off" maxlength="1000"
          placeholder="How is gold doing?">
        <button type="submit">Send</button>
        <button type="button" name="stop" hidden>Stop</button>
        <button type="button" name="retry" hidden>Retry</button>
      </form>
      <p class="hint">The model is simulated. It knows the prices on this page.</p>
    </section>
  `;
}

/** Renders the panel of the latest frames, which a script fills. */
export function framesSection(): Html {
  return html`
    <section id="frames" class="panel scripted" aria-labelledby="frames-title">
      <div class="bar">
        <h2 id="frames-title">On the wire</h2>
        <button type="button" hidden>Pause</button>
      </div>
      <ol tabindex="0" aria-labelledby="frames-title"></ol>
    </section>
  `;
}

/** Renders commands that can be copied. @param origin The origin of this server. */
export function commandsSection(origin: string): Html {
  const commands = [
    ["Prices, as they change", `curl -N "${origin}/v1/quotes/stream"`],
    ["Prices and news, on one connection", `curl -N "${origin}/v1/stream?topics=quotes,news"`],
    ["The latest quotes, as JSON", `curl "${origin}/v1/quotes"`],
  ] as const;
  return html`
    <section id="commands" class="panel" aria-labelledby="commands-title" data-origin="${origin}">
      <h2 id="commands-title">In your terminal</h2>
      ${commands.map(([title, command]) =>
        html`
          <div class="command">
            <h3>${title}</h3>
            <pre><code>${command}</code></pre>
            <button type="button" hidden aria-label="Copy: ${title}">Copy</button>
          </div>
        `
      )}
      <p>
        Plain server-sent events, for any EventSource; in a browser, import
        <a href="/client.js">/client.js</a>. All routes: <a href="/openapi.json">OpenAPI</a>.
      </p>
    </section>
  `;
}
