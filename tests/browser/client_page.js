// @ts-check
/// <reference lib="dom" />
/**
 * The script of a site's page: it follows a server as the URL of the page says, and records the events.
 *
 * @module
 */

/** @type {import("./client_page.ts").PageSetup} */
const setup = JSON.parse(new URLSearchParams(location.search).get("setup") ?? "{}");
const { modules, options, shorten, pace = 1, hasTickets } = setup;

const { browserWorld, connect } = await import(`${modules}/client.js`);

/** @type {import("../../lib/client/client/types.js").BrowserRuntime} */
const runtime = browserWorld();
const startedAt = runtime.elapsed();
const { fromMs, by } = shorten ?? { fromMs: Infinity, by: 1 };

/** @type {import("./client_page.ts").PageRecord} */
const followed = {
  feed: connect(
    {
      ...options,
      ...hasTickets && { ticket: async () => await (await fetch("/ticket")).text() },
    },
    {
      ...runtime,
      elapsed: () => startedAt + (runtime.elapsed() - startedAt) * pace,
      /** @type {typeof runtime.after} */
      after: (ms, run) => runtime.after((ms < fromMs ? ms : ms / by) / pace, run),
    },
  ),
  numbers: [],
  gaps: 0,
  quotes: 0,
  states: [],
};

/** Records an event. @param {import("../../lib/client/client/types.js").LiveEvent & { data: any }} event */
function recordEvent({ type, data }) {
  if (type === "tick") followed.numbers.push(data.data.number);
  const [_, number] = type === "article" ? data.title.split("Number ") : [];
  if (number) followed.numbers.push(Number(number));
  if (type === "gap") followed.gaps++;
  if (type === "quote" || type === "snapshot") followed.quotes++;
}
followed.feed.subscribe(recordEvent);

/** @param {import("../../lib/client/client/types.js").ConnectionState} state */
const recordState = (state) => followed.states.push(state);
recordState(followed.feed.state());
followed.feed.onState(recordState);

Object.assign(globalThis, { followed });
