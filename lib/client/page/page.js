// @ts-check
/// <reference lib="dom" />
/**
 * The live page: takes over the server's first paint and follows the stream from its end.
 *
 * @module
 */
import { connect } from "../client.js";
import { ConnectionBadge } from "../badge/element.js";
import { writeText } from "../badge/view.js";
import { EMPTY_MODEL, reduce, replaceNews } from "../client/model.js";
import { isFollowing } from "../client/state.js";
import { createModelStore } from "../client/store.js";
import { formatTime } from "../format/values.js";
import { showCopyButtons } from "./clipboard.js";
import { createDetailDialog } from "./detail_dialog.js";
import { findElement } from "./dom.js";
import { createFrameLog } from "./frame_log.js";
import { createNewsList } from "./news_list.js";
import { createOperationPanel } from "./operation_panel.js";
import { loadPriceHistory, savePriceHistory } from "./price_history.js";
import { createQuoteTable } from "./quote_table.js";
import { MAX_SHOWN_ARTICLES, simulatedText } from "./text.js";

/** @import { ArticleData } from "../format/types.js" */
/** @import { PageQuotes } from "./quote_table.js" */

/** The interval of requests for the status of feeds, which streams do not carry. */
const FEED_STATUS_INTERVAL_MS = 60_000;

const NOTHING_FRESH_REASON = "Connected, but no price below is fresh.";

/** @param {HTMLElement} page */
function startPage(page) {
  const banner = findElement(document, "#simulated", HTMLElement);
  const badge = findElement(document, "connection-badge", ConnectionBadge);
  const pauseButton = findElement(document, "#pause", HTMLButtonElement);
  const { snapshot, articles, source, cursor = "" } = page.dataset;

  const history = loadPriceHistory();
  const quoteTable = createQuoteTable(page, history);
  const newsList = createNewsList(page);
  const detailDialog = createDetailDialog(page, history);
  const frameLog = createFrameLog(page);
  /** Shown as the badge's reason while the page is paused, otherwise null. @type {string | null} */
  let pausedReason = null;

  /** @param {number} limit */
  async function loadNews(limit) {
    const filter = source ? `&source=${encodeURIComponent(source)}` : "";
    const response = await fetch(`/v1/news?limit=${limit}${filter}`);
    if (!response.ok) throw new Error(response.statusText);
    const body = await response.json();
    newsList.paintFeeds(body.feeds);
    return body.articles;
  }

  const sources = source ? { sources: source.split(",") } : {};
  const feed = connect({ url: "/", topics: ["quotes", "news"], cursor, ...sources });
  const painted = reduce(EMPTY_MODEL, {
    type: "snapshot",
    data: JSON.parse(snapshot ?? `{"quotes":[],"status":[]}`),
    id: "",
  });
  const store = createModelStore({
    feed,
    loadNews: () => loadNews(MAX_SHOWN_ARTICLES),
    initialModel: replaceNews(painted, JSON.parse(articles ?? "[]")),
    batch: (run) => void requestAnimationFrame(run),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    report: reportError,
    onClose() {},
  });

  /** Returns the model in the page's types, which the server's first paint is checked against. */
  function pageQuotes() {
    const { quotes, status } = store.model();
    return /** @type {PageQuotes} */ ({ quotes, status, isFollowing: isFollowing(feed.state()) });
  }

  function paint() {
    if (pausedReason === null) {
      const data = pageQuotes();
      const news = /** @type {readonly ArticleData[]} */ (store.model().news);
      quoteTable.paint(data);
      detailDialog.paint(data);
      newsList.paint(news);
      const text = simulatedText([...Object.values(data.quotes), ...news]);
      writeText(findElement(banner, "span", HTMLElement), text);
      banner.hidden = text === "";
    }
    const staleReason = quoteTable.hasFreshPrice() ? null : NOTHING_FRESH_REASON;
    badge.staleReason = pausedReason ?? staleReason;
  }

  for (const quote of Object.values(pageQuotes().quotes)) history.add(quote);
  feed.subscribe((event) => {
    if (event.type === "quote") history.add(event.data);
    if (event.type === "snapshot") event.data.quotes.forEach(history.add);
    if (pausedReason === null) frameLog.add(event);
  });
  store.subscribe(paint);
  paint();

  addEventListener("pagehide", () => savePriceHistory(history));
  setInterval(() => {
    if (document.hidden) return; // A request keeps the pollers running, and a hidden page needs none.
    loadNews(1).catch(() => {}); // The badge reports that the server does not answer.
  }, FEED_STATUS_INTERVAL_MS);

  pauseButton.hidden = false;
  pauseButton.addEventListener("click", () => {
    const time = formatTime(new Date().toISOString(), Date.now());
    pausedReason = pausedReason === null ? `Paused by you at ${time} UTC.` : null;
    pauseButton.textContent = pausedReason === null ? "Pause" : "Resume";
    paint();
  });

  for (const row of page.querySelectorAll("tr[data-symbol]")) {
    if (!(row instanceof HTMLTableRowElement)) continue;
    const openButton = findElement(row, "button", HTMLButtonElement);
    openButton.hidden = false;
    row.addEventListener("click", ({ target }) => {
      // A click that ends a text selection opens nothing, unless it is on the button.
      const isSelecting = target !== openButton && getSelection()?.isCollapsed === false;
      if (!isSelecting) void detailDialog.open(row.dataset.symbol ?? "", pageQuotes());
    });
  }
  showCopyButtons(page);
  createOperationPanel(page, connect);
  badge.feed = feed;
}

startPage(findElement(document, "main", HTMLElement));
