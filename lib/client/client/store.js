// @ts-check
/**
 * A model that one connection keeps up to date while views subscribe to it.
 *
 * @module
 */
import { createEmitter } from "./emitter.js";
import { EMPTY_MODEL, reduce, replaceNews } from "./model.js";

/** @import { Emitter } from "./emitter.js" */
/** @import { Model, ModelItem } from "./model.js" */
/** @import { LiveEvent, LiveConnection } from "./types.js" */

/**
 * @typedef {object} ModelStoreOptions
 * @property {LiveConnection} feed Closed after the last subscriber has left.
 * @property {(() => Promise<ModelItem[]>) | null} loadNews Loads the newest articles, newest first: a stream starts with
 *   the next one. Null if news are not followed.
 * @property {Model} [initialModel] The data of a first paint, including its news.
 * @property {(run: () => void) => void} batch Runs later, once for all changes until then.
 * @property {(ms: number, run: () => void) => () => void} after Returns the cancel function.
 * @property {(error: unknown) => void} report
 * @property {() => void} onClose Called when the feed is closed.
 */

/** The lifetime of a connection without subscribers: a view that mounts again does not reconnect. */
const STORE_LINGER_MS = 1000;
/** The delay before news are loaded again after an error. */
const NEWS_RETRY_MS = 15_000;

/**
 * Creates a store, which owns the feed. One second after the last subscriber has left, it closes the feed and is not used
 * again: `onClose` is the place to drop it.
 *
 * @param {ModelStoreOptions} options
 */
export function createModelStore(
  { feed, loadNews, initialModel, batch, after, report, onClose },
) {
  /** @type {Emitter<void>} */
  const changes = createEmitter(report);
  let model = initialModel ?? EMPTY_MODEL;
  let state = feed.state();
  let isPublishScheduled = false;
  let subscribers = 0;
  let cancelClose = () => {};
  /** Article events that arrived while the news load, to be applied to the list. @type {LiveEvent[] | null} */
  let pending = null;
  /** True if no article can be missing between the loaded list and the stream. */
  let hasAllNews = loadNews === null || initialModel !== undefined;
  let cancelRetry = () => {};

  const isConnected = () => state.kind === "live" || state.kind === "polling";

  function publish() {
    if (isPublishScheduled) return;
    isPublishScheduled = true;
    batch(() => {
      isPublishScheduled = false;
      changes.emit();
    });
  }

  /** @param {Model} newModel */
  function setModel(newModel) {
    if (newModel === model) return;
    model = newModel;
    publish();
  }

  /** Loads the newest articles and applies the events that arrive meanwhile. A later load replaces an unfinished one. */
  async function reloadNews() {
    const arrived = pending = [...pending ?? []];
    hasAllNews = isConnected();
    cancelRetry();
    // Not reported: the connection's state shows that the server is unreachable, and the list is loaded again.
    const articles = await loadNews?.().catch(() => null);
    if (pending !== arrived) return; // Another load has started, or the store is closed.
    pending = null;
    if (!articles) {
      hasAllNews = false;
      cancelRetry = after(NEWS_RETRY_MS, () => {
        if (isConnected()) void reloadNews();
      });
    }
    setModel(arrived.reduce(reduce, articles ? replaceNews(model, articles) : model));
  }

  feed.subscribe((event) => {
    const { type } = event;
    if (loadNews && type === "gap") void reloadNews();
    if (pending && type.startsWith("article")) pending.push(event);
    else setModel(reduce(model, event));
  });
  feed.onState((feedState) => {
    state = feedState;
    // The list was loaded before the stream started: articles between the two are in neither.
    if (!hasAllNews && isConnected()) void reloadNews();
    publish();
  });
  if (!hasAllNews) void reloadNews();

  return {
    model: () => model,
    state: () => state,
    /** Loads the news again. */
    reload: () => void reloadNews(),
    /** Calls a listener after each batch of changes. @param {() => void} listener @returns {() => void} The unsubscribe function. */
    subscribe(listener) {
      subscribers++;
      cancelClose();
      const unsubscribe = changes.subscribe(listener);
      return () => {
        unsubscribe();
        if (--subscribers > 0) return;
        cancelClose = after(STORE_LINGER_MS, () => {
          feed.close();
          pending = null;
          cancelRetry();
          onClose();
        });
      };
    },
  };
}
