// @ts-check
/// <reference lib="dom" />
/**
 * The live page: takes over the server's first paint and follows the stream from its end.
 *
 * @module
 */
import { ConnectionBadge } from "../badge/element.js";
import { isFollowing } from "../badge/presentation.js";
import { connect } from "../client.js";
import { EMPTY_MODEL, reduce, replaceNews } from "../client/model.js";
import { requestNews } from "../client/news_request.js";
import { browserRuntime } from "../client/runtime.js";
import { createModelStore } from "../client/store.js";
import { writeText } from "../dom/write_text.js";
import { formatTime } from "../format/values.js";
import { createChatPanel } from "./chat_panel.js";
import { showCopyButtons } from "./clipboard.js";
import { createDetailDialog } from "./detail_dialog.js";
import { findElement } from "./dom.js";
import { createFrameLog } from "./frame_log.js";
import { createNewsList } from "./news_list.js";
import { createOperationPanel } from "./operation_panel.js";
import { requestHistory } from "./history_request.js";
import { createPriceHistory } from "./price_history.js";
import { createQuoteTable, readTrends } from "./quote_table.js";
import { MAX_SHOWN_ARTICLES, simulatedText } from "./text.js";

/** @import { ArticleData } from "../format/types.js" */
/** @import { PageQuotes } from "./quote_table.js" */

/** The interval of requests for the status of feeds, which streams do not carry. */
const FEED_STATUS_INTERVAL_MS = 60_000;

/** The interval of requests for news while some feed was not polled yet: streams do not carry its older articles. */
const FILLING_INTERVAL_MS = 3000;

const NOTHING_FRESH_REASON = "Connected, but no price below is fresh.";

/** Starts the page. @param {HTMLElement} page The element with the first paint and its data. */
function startPage(page) {
  const banner = findElement(document, "#simulated", HTMLElement);
  const badge = findElement(document, "connection-badge", ConnectionBadge);
  const pauseButton = findElement(document, "#pause", HTMLButtonElement);
  const { snapshot, articles, source, cursor = "" } = page.dataset;
  const runtime = browserRuntime();

  const history = createPriceHistory(readTrends(page));
  const quoteTable = createQuoteTable(page, history);
  const newsList = createNewsList(page);
  const detailDialog = createDetailDialog(
    page,
    history,
    (symbol, range) => requestHistory(runtime, location.origin, symbol, range),
  );
  const frameLog = createFrameLog(page);
  /** Shown as the badge's reason while the page is paused, otherwise null. @type {string | null} */
  let pausedReason = null;

  const sources = source ? source.split(",") : undefined;
  /** True while some feed was not polled yet. */
  let isFilling = page.dataset.filling !== undefined;

  /** Loads the newest articles and paints the notes about feeds. @param {number} limit The most articles. */
  async function loadNews(limit) {
    const { articles, feeds } = await requestNews(runtime, location.origin, { limit, sources });
    newsList.paintFeeds(feeds);
    isFilling = feeds.some(({ state }) => state === "waiting");
    return articles;
  }

  const filter = sources ? { sources } : {};
  const feed = connect({ url: "/", topics: ["quotes", "news"], cursor, ...filter });
  const quotesModel = reduce(EMPTY_MODEL, {
    type: "snapshot",
    data: JSON.parse(snapshot ?? `{"quotes":[],"status":[]}`),
    id: "",
  });
  const store = createModelStore({
    feed,
    loadNews: () => loadNews(MAX_SHOWN_ARTICLES),
    initialModel: replaceNews(quotesModel, JSON.parse(articles ?? "[]")),
    batch: (run) => void requestAnimationFrame(run),
    after: runtime.after,
    report: runtime.report,
    onClose() {}, // The page never unsubscribes.
  });

  /** Returns the quotes in the types of the first paint, with which the server checks its own. */
  function pageQuotes() {
    const { quotes, status } = store.model();
    return /** @type {PageQuotes} */ ({ quotes, status, isFollowing: isFollowing(feed.state()) });
  }

  /** Paints what has changed, unless the user has paused the page. */
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

  function refreshNews() {
    // A request keeps the server's pollers running, and a hidden page needs none.
    if (document.hidden) return;
    if (isFilling) store.reload();
    // The badge reports that the server is unreachable.
    else loadNews(1).catch(() => {});
  }
  setInterval(refreshNews, FEED_STATUS_INTERVAL_MS);
  function fillNews() {
    if (!isFilling) return;
    refreshNews();
    setTimeout(fillNews, FILLING_INTERVAL_MS);
  }
  setTimeout(fillNews, FILLING_INTERVAL_MS);

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
  createChatPanel(page);
  createOperationPanel(page, connect);
  badge.feed = feed;
}

startPage(findElement(document, "main", HTMLElement));
