// @ts-check
/**
 * One connection for all tickers of a page that use the same server.
 *
 * @module
 */
import { createEmitter } from "../client/emitter.js";
import { EMPTY_MODEL, reduce } from "../client/model.js";
import { IDLE_STATE } from "../client/state.js";

/** @import { Emitter } from "../client/emitter.js" */
/** @import { ConnectionState, LiveFeed } from "../client/types.js" */
/** @import { QuoteData, StatusData } from "../format/types.js" */

/**
 * @typedef {object} SharedSubscriptionOptions
 * @property {(symbols: readonly string[]) => LiveFeed} open Follows these symbols; all if there are none.
 * @property {(run: () => void) => void} batch Runs later, once for all changes until then.
 * @property {(run: () => void) => void} defer Runs after the current task.
 * @property {(error: unknown) => void} report
 * @property {() => void} onClose Called after the last ticker has left.
 */

/** @typedef {ReturnType<typeof createSharedSubscription>} SharedSubscription */
/**
 * @typedef {object} TickerData
 * @property {Readonly<Record<string, QuoteData>>} quotes By symbol.
 * @property {readonly StatusData[]} statuses
 * @property {boolean} hasSnapshot True if a symbol without a quote has none.
 */

/** The most symbols that the server accepts. For more, all are followed. */
const MAX_FEED_SYMBOLS = 100;

/** @param {SharedSubscriptionOptions} options */
export function createSharedSubscription({ open, batch, defer, report, onClose }) {
  /** The symbols of each ticker, by its listener. An empty list is all. @type {Map<() => void, readonly string[]>} */
  const tickers = new Map();
  /** @type {Emitter<ConnectionState>} */
  const states = createEmitter(report);
  /** @type {LiveFeed | undefined} */
  let feed;
  /** The symbols of the feed. @type {readonly string[]} */
  let followed = [];
  /** True if the server has refused a symbol: all are followed, so that only the unknown ones are missing. */
  let isRefused = false;
  let model = EMPTY_MODEL;
  let hasSnapshot = false;
  let state = IDLE_STATE;
  let isUpdateScheduled = false;
  let isPublishScheduled = false;

  function publish() {
    if (isPublishScheduled) return;
    isPublishScheduled = true;
    batch(() => {
      isPublishScheduled = false;
      for (const onChange of [...tickers.keys()]) onChange();
    });
  }

  /** @param {ConnectionState} next */
  function setState(next) {
    if (next.kind === "stopped" && followed.length > 0) {
      isRefused = true;
      return follow([]);
    }
    states.emit(state = next);
    publish();
  }

  function closeFeed() {
    const old = feed;
    feed = undefined; // Its last events and states are ignored.
    old?.close();
  }

  /** @param {readonly string[]} symbols */
  function follow(symbols) {
    closeFeed();
    followed = symbols;
    hasSnapshot = false;
    const own = feed = open(symbols);
    own.subscribe((event) => {
      if (own !== feed) return;
      hasSnapshot ||= event.type === "snapshot";
      model = reduce(model, event);
      publish();
    });
    own.onState((next) => {
      if (own === feed) setState(next);
    });
    setState(own.state());
  }

  function update() {
    isUpdateScheduled = false;
    if (tickers.size === 0) {
      closeFeed();
      return onClose();
    }
    const lists = [...tickers.values()];
    const union = [...new Set(lists.flat())].sort();
    const isAll = isRefused || union.length > MAX_FEED_SYMBOLS ||
      lists.some(({ length }) => !length);
    const wanted = isAll ? [] : union;
    const hasWanted = followed.length === 0 ||
      !isAll && wanted.every((each) => followed.includes(each));
    if (!feed || !hasWanted) follow(wanted);
  }

  /** Tickers join, leave and change together. */
  function scheduleUpdate() {
    if (!isUpdateScheduled) defer(update);
    isUpdateScheduled = true;
  }

  return {
    /**
     * Adds a ticker.
     *
     * @param {readonly string[]} symbols An empty list is all.
     * @param {() => void} onChange
     * @returns {() => void} Removes it.
     */
    join(symbols, onChange) {
      const own = () => onChange();
      tickers.set(own, symbols);
      scheduleUpdate();
      return () => {
        tickers.delete(own);
        scheduleUpdate();
      };
    },
    /** @returns {TickerData} */
    data: () => ({
      quotes: /** @type {TickerData["quotes"]} */ (model.quotes),
      statuses: /** @type {StatusData[]} */ (Object.values(model.status)),
      hasSnapshot,
    }),
    state: () => state,
    onState: states.subscribe,
    reconnect: () => feed?.reconnect(),
  };
}
