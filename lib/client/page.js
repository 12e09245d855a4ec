// @ts-check
/// <reference lib="dom" />
/**
 * The live page: takes over the server's first paint and follows the stream from where that ended.
 *
 * @module
 */
import { createConnection } from "./page_connection.js";
import { createNews } from "./page_news.js";
import { MOST_SHOWN } from "./page_news_words.js";
import { createTable, find } from "./page_table.js";
import { timeWords } from "./page_format.js";

const COMMAND = "/v1/quotes/stream";
/** How often it is asked how the feeds are doing: the stream does not say. */
const FEEDS_MS = 60_000;

/** @type {Record<import("./page_connection.js").State, string>} */
const BADGES = {
  connecting: "Connecting",
  live: "Live",
  stale: "Stale",
  reconnecting: "Reconnecting",
  busy: "Busy",
  offline: "Offline",
};

const page = find(document, "main", HTMLElement);
const badge = find(document, "#connection", HTMLElement);
const again = find(document, "#again", HTMLButtonElement);
const pause = find(document, "#pause", HTMLButtonElement);
const copy = find(document, "#copy", HTMLButtonElement);
const command = find(document, "#command", HTMLElement);

const table = createTable(page);
table.replace(JSON.parse(page.dataset.snapshot ?? `{"quotes":[],"status":[]}`));
const news = createNews(page);
news.replace(JSON.parse(page.dataset.articles ?? "[]"));
const filter = page.dataset.source ? `&source=${encodeURIComponent(page.dataset.source)}` : "";

/** @type {import("./page_connection.js").State} */
let connected = "connecting";
let detail = "";

/** Says how it goes, once, however often it is asked to. A connection that brings nothing fresh is not called live. */
function showState() {
  const isHollow = connected === "live" && !table.isFresh();
  showBadge(
    isHollow ? "stale" : connected,
    isHollow ? "Connected, but no price below is fresh." : detail,
  );
}

/**
 * @param {import("./page_connection.js").State} state
 * @param {string} detail
 */
function showBadge(state, detail) {
  const [word, words] = [find(badge, "strong", HTMLElement), find(badge, "span", HTMLElement)];
  if (badge.dataset.state === state && words.textContent === detail) return;
  badge.dataset.state = state;
  word.textContent = BADGES[state];
  words.textContent = detail;
  again.hidden = state !== "offline";
}

/**
 * Asks how the feeds are doing; where articles were missed, which there are too.
 *
 * @param {boolean} isMissed
 */
async function askForNews(isMissed) {
  const takeIn = isMissed ? news.ask() : null;
  try {
    const answer = await fetch(`/v1/news?limit=${isMissed ? MOST_SHOWN : 1}${filter}`);
    if (!answer.ok) return takeIn?.(null);
    const { articles, feeds } = await answer.json();
    takeIn?.(articles);
    news.setFeeds(feeds);
  } catch {
    // The connection's own badge says that the server cannot be reached.
    takeIn?.(null);
  }
}

const TYPES = [
  ...["snapshot", "quote", "status"],
  ...["article", "article.updated", "article.retracted"],
  "gap",
];

/**
 * @param {string} type
 * @param {string} json
 */
function take(type, json) {
  const data = JSON.parse(json);
  if (type === "quote") table.setQuote(data);
  else if (type === "status") table.setStatus(data);
  else if (type === "snapshot") table.replace(data);
  else if (type === "article.retracted") news.remove(data.id);
  else if (type === "gap") void askForNews(true);
  else news.set(data);
  showState();
}

const connection = createConnection(`/v1/stream?topics=quotes,news${filter}`, {
  cursor: page.dataset.cursor,
  types: TYPES,
  onEvent: take,
  onState(state, words) {
    [connected, detail] = [state, words];
    if (state !== "connecting") table.setFollowing(state === "live");
    showState();
  },
});

setInterval(() => void askForNews(false), FEEDS_MS);
again.addEventListener("click", () => connection.connect());

let isPaused = false;
pause.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  const since = timeWords(new Date().toISOString(), Date.now());
  pause.textContent = isPaused ? `Resume (paused at ${since} UTC)` : "Pause";
  table.setPaused(isPaused);
  news.setPaused(isPaused);
});

command.textContent = `curl -N "${location.origin}${COMMAND}"`;
copy.hidden = !navigator.clipboard;
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(command.textContent ?? "");
  copy.textContent = "Copied";
  setTimeout(() => copy.textContent = "Copy", 2000);
});
