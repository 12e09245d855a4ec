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
/** @import { ConnectionState, LiveConnection } from "../client/types.js" */
/** @import { QuoteData, StatusData } from "../format/types.js" */

/**
 * @typedef {object} SharedSubscriptionOptions
 * @property {(symbols: readonly string[]) => LiveConnection} open Opens a connection for these symbols, for all if the list is empty.
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
 * @property {boolean} hasSnapshot True once the snapshot has arrived: a symbol without a quote then has no price.
 */

/** The most symbols that the server accepts. For more, the subscription follows all. */
const MAX_FEED_SYMBOLS = 100;

/**
 * Creates a subscription without tickers. It opens a connection with the first one. After the last one has left it closes
 * for good: `onClose` is the place to drop it.
 *
 * @param {SharedSubscriptionOptions} options
 */
export function createSharedSubscription({ open, batch, defer, report, onClose }) {
  /** The symbols of each ticker, by its listener. An empty list means all. @type {Map<() => void, readonly string[]>} */
  const tickers = new Map();
  /** @type {Emitter<ConnectionState>} */
  const states = createEmitter(report);
  /** @type {LiveConnection | undefined} */
  let feed;
  /** The symbols of the feed. @type {readonly string[]} */
  let feedSymbols = [];
  /** True after the server has refused a symbol. All are followed then, so that only unknown ones are missing. */
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

  /** Publishes the feed's state, unless it is the refusal of a symbol. @param {ConnectionState} feedState */
  function setState(feedState) {
    if (feedState.kind === "stopped" && feedSymbols.length > 0) {
      isRefused = true;
      return follow([]);
    }
    states.emit(state = feedState);
    publish();
  }

  function closeFeed() {
    const closingFeed = feed;
    feed = undefined; // Its last events and states are ignored.
    closingFeed?.close();
  }

  /** Follows other symbols over a new connection. @param {readonly string[]} symbols */
  function follow(symbols) {
    closeFeed();
    feedSymbols = symbols;
    hasSnapshot = false;
    const newFeed = feed = open(symbols);
    newFeed.subscribe((event) => {
      if (newFeed !== feed) return;
      hasSnapshot ||= event.type === "snapshot";
      model = reduce(model, event);
      publish();
    });
    newFeed.onState((feedState) => {
      if (newFeed === feed) setState(feedState);
    });
    setState(newFeed.state());
  }

  /** Follows the symbols of all tickers, unless the feed has them. Symbols of tickers that have left stay. */
  function update() {
    isUpdateScheduled = false;
    if (tickers.size === 0) {
      closeFeed();
      return onClose();
    }
    const lists = [...tickers.values()];
    const union = [...new Set(lists.flat())].sort();
    const needsAll = isRefused || union.length > MAX_FEED_SYMBOLS ||
      lists.some(({ length }) => length === 0);
    const hasAll = feedSymbols.length === 0;
    const hasUnion = !needsAll && union.every((symbol) => feedSymbols.includes(symbol));
    if (!feed || !(hasAll || hasUnion)) follow(needsAll ? [] : union);
  }

  /** Updates once after several tickers have joined, left or changed. */
  function scheduleUpdate() {
    if (!isUpdateScheduled) defer(update);
    isUpdateScheduled = true;
  }

  return {
    /**
     * Adds a ticker.
     *
     * @param {readonly string[]} symbols An empty list means all.
     * @param {() => void} onChange Called after each batch of changes of the data or the state.
     * @returns {() => void} Removes the ticker.
     */
    join(symbols, onChange) {
      // A wrapper, so that one function may join twice.
      const listener = () => onChange();
      tickers.set(listener, symbols);
      scheduleUpdate();
      return () => {
        tickers.delete(listener);
        scheduleUpdate();
      };
    },
    /** Returns the data of all symbols of the feed. @returns {TickerData} */
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
