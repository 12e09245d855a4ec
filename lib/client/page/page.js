// @ts-check
/// <reference lib="dom" />
/**
 * The live page: takes over the server's first paint and follows the stream from where that ended.
 *
 * @module
 */
import { connect } from "../client.js";
import { ConnectionBadge } from "../badge/element.js";
import { EMPTY, reduce, replaceNews } from "../client/model.js";
import { createStore } from "../client/store.js";
import { offerCopies } from "./clipboard.js";
import { createDetail } from "./detail_dialog.js";
import { find, write } from "./dom.js";
import { timeWords } from "../format/values.js";
import { createFrames } from "./frame_log.js";
import { createNews } from "./news_list.js";
import { MOST_SHOWN } from "./news_words.js";
import { createOperation } from "./operation_panel.js";
import { createTable } from "./quote_table.js";
import { keepTrails, keptTrails } from "./persisted.js";
import { createTrails } from "./price_history.js";
import { simulatedWords } from "./text.js";

/** @import { Article } from "./types.js" */

/** How often it is asked how the feeds are doing: the stream does not say. */
const FEEDS_MS = 60_000;
/** While the stream is in one of these states, what it brought is as fresh as it says. */
const FOLLOWING = new Set(["connecting", "live", "polling"]);

/** What the badge says of a connection that brings nothing fresh. */
const HOLLOW = "Connected, but no price below is fresh.";

const page = find(document, "main", HTMLElement);
const banner = find(document, "#simulated", HTMLElement);
const badge = find(document, "connection-badge", ConnectionBadge);
const pause = find(document, "#pause", HTMLButtonElement);
const { snapshot, articles, source, cursor = "" } = page.dataset;

/** @param {number} limit */
async function askNews(limit) {
  const filter = source ? `&source=${encodeURIComponent(source)}` : "";
  const answer = await fetch(`/v1/news?limit=${limit}${filter}`);
  if (!answer.ok) throw new Error(answer.statusText);
  const body = await answer.json();
  news.paintFeeds(body.feeds);
  return body.articles;
}

const sources = source ? { sources: source.split(",") } : {};
const feed = connect({ url: "/", topics: ["quotes", "news"], cursor, ...sources });
const painted = reduce(EMPTY, {
  type: "snapshot",
  data: JSON.parse(snapshot ?? `{"quotes":[],"status":[]}`),
  id: "",
});
const store = createStore({
  connect: () => feed,
  askNews: () => askNews(MOST_SHOWN),
  first: replaceNews(painted, JSON.parse(articles ?? "[]")),
  batch: (run) => void requestAnimationFrame(run),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  report: reportError,
  onClose() {},
});

const trails = createTrails(keptTrails());
const table = createTable(page, trails.of);
const news = createNews(page);
const detail = createDetail(page, trails.of);
const frames = createFrames(page);
/** What is said while all stands still, null while it does not. @type {string | null} */
let pausedWords = null;

/** All of it, as the page's own types have it: the server is held to them where it paints. */
function shown() {
  const { quotes, status } = store.model();
  return /** @type {import("./quote_table.js").Shown} */ ({
    quotes,
    status,
    isFollowing: FOLLOWING.has(feed.state().kind),
  });
}

function paint() {
  const all = shown();
  const told = /** @type {readonly Article[]} */ (store.model().news);
  if (pausedWords === null) {
    table.paint(all);
    detail.paint(all);
    news.paint(told);
    const words = simulatedWords([...Object.values(all.quotes), ...told]);
    write(find(banner, "span", HTMLElement), words);
    banner.hidden = words === "";
  }
  badge.hollow = pausedWords ?? (table.isFresh() ? null : HOLLOW);
}

for (const quote of Object.values(shown().quotes)) trails.add(quote);
feed.subscribe((event) => {
  if (event.type === "quote") trails.add(event.data);
  if (event.type === "snapshot") event.data.quotes.forEach(trails.add);
  if (pausedWords === null) frames.add(event);
});
store.subscribe(paint);
paint();

addEventListener("pagehide", () => keepTrails(trails.text()));
setInterval(() => {
  if (document.hidden) return; // asking counts as watching, and nobody looks
  askNews(1).catch(() => {}); // the badge says that nobody answers
}, FEEDS_MS);

pause.hidden = false;
pause.addEventListener("click", () => {
  const now = timeWords(new Date().toISOString(), Date.now());
  pausedWords = pausedWords === null ? `Paused by you at ${now} UTC.` : null;
  pause.textContent = pausedWords === null ? "Pause" : "Resume";
  paint();
});

for (const row of page.querySelectorAll("tr[data-symbol]")) {
  if (!(row instanceof HTMLTableRowElement)) continue;
  const open = find(row, "button", HTMLButtonElement);
  open.hidden = false;
  row.addEventListener("click", ({ target }) => {
    // Whoever has just selected a text of the row means no click; the button is pressed, whatever is selected.
    const isSelecting = target !== open && getSelection()?.isCollapsed === false;
    if (!isSelecting) void detail.open(row.dataset.symbol ?? "", shown());
  });
}
offerCopies(page);
createOperation(page, connect);
badge.feed = feed;
