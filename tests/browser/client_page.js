// @ts-check
/// <reference lib="dom" />
/**
 * A page of its own origin, for tests of the client: it follows a server as its URL says, and records the events.
 *
 * @module
 */

/** @type {import("./client_page.ts").Setup} */
const setup = JSON.parse(new URLSearchParams(location.search).get("setup") ?? "{}");
const { modules, options, shorten, pace = 1, hasTickets } = setup;

const { browserWorld, connect } = await import(`${modules}/client.js`);

/** @type {import("../../lib/client/client/types.js").BrowserRuntime} */
const runtime = browserWorld();
const start = runtime.elapsed();
const { fromMs, by } = shorten ?? { fromMs: Infinity, by: 1 };

/** @type {import("./client_page.ts").Followed} */
const followed = {
  feed: connect(
    {
      ...options,
      ...hasTickets && { ticket: async () => await (await fetch("/ticket")).text() },
    },
    {
      ...runtime,
      elapsed: () => start + (runtime.elapsed() - start) * pace,
      /** @type {typeof runtime.after} */
      after: (ms, run) => runtime.after((ms < fromMs ? ms : ms / by) / pace, run),
    },
  ),
  numbers: [],
  gaps: 0,
  quotes: 0,
  states: [],
};

/** @param {import("../../lib/client/client/types.js").LiveEvent & { data: any }} event */
function take({ type, data }) {
  if (type === "tick") followed.numbers.push(data.data.number);
  const [_, number] = type === "article" ? data.title.split("Number ") : [];
  if (number) followed.numbers.push(Number(number));
  if (type === "gap") followed.gaps++;
  if (type === "quote" || type === "snapshot") followed.quotes++;
}
followed.feed.subscribe(take);

/** @param {import("../../lib/client/client/types.js").ConnectionState} state */
const keep = (state) => followed.states.push(state);
keep(followed.feed.state());
followed.feed.onState(keep);

Object.assign(globalThis, { followed });
