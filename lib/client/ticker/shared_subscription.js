// @ts-check
/**
 * What all tickers of a page have in common that follow one server: one feed, of what they want together.
 *
 * @module
 */
import { createListeners } from "../client/listeners.js";
import { EMPTY, reduce } from "../client/model.js";
import { NO_FEED } from "../client/no_feed.js";

/** @import { Listeners } from "../client/listeners.js" */
/** @import { Feed, State } from "../client/types.js" */
/** @import { Quote, Status } from "../format/types.js" */

/**
 * @typedef {object} DeskOptions
 * @property {(symbols: readonly string[]) => Feed} open Follows these; all where none are named.
 * @property {(run: () => void) => void} batch Runs later, once for all that has changed until then.
 * @property {(run: () => void) => void} later Runs once what runs now is done.
 * @property {(error: unknown) => void} report
 * @property {() => void} onClose Nobody follows any more.
 */

/** @typedef {ReturnType<typeof createDesk>} Desk */
/**
 * @typedef {object} Market
 * @property {Readonly<Record<string, Quote>>} quotes By symbol.
 * @property {readonly Status[]} statuses
 * @property {boolean} hasSnapshot What is not there now is not there at all.
 */

/** So many a stream takes: who wants more is given all. */
const MOST_SYMBOLS = 100;

/** @param {DeskOptions} options */
export function createDesk({ open, batch, later, report, onClose }) {
  /** What is wanted, by who wants it. None is all. @type {Map<() => void, readonly string[]>} */
  const seats = new Map();
  /** @type {Listeners<State>} */
  const states = createListeners(report);
  /** @type {Feed | undefined} */
  let feed;
  /** What the feed names. @type {readonly string[]} */
  let named = [];
  /** The server knows not all of the names, or may not: all is asked for, and whatever is missing is so alone. */
  let isRefused = false;
  let model = EMPTY;
  let hasSnapshot = false;
  let state = NO_FEED;
  let isDue = false;
  let isPainting = false;

  function paint() {
    if (isPainting) return;
    isPainting = true;
    batch(() => {
      isPainting = false;
      for (const onChange of [...seats.keys()]) onChange();
    });
  }

  /** @param {State} next */
  function setState(next) {
    if (next.kind === "stopped" && named.length > 0) {
      isRefused = true;
      return follow([]);
    }
    states.tell(state = next);
    paint();
  }

  function drop() {
    const old = feed;
    feed = undefined; // what it says from here on is not heard
    old?.close();
  }

  /** @param {readonly string[]} symbols */
  function follow(symbols) {
    drop();
    named = symbols;
    hasSnapshot = false;
    const own = feed = open(symbols);
    own.subscribe((event) => {
      if (own !== feed) return;
      hasSnapshot ||= event.type === "snapshot";
      model = reduce(model, event);
      paint();
    });
    own.onState((next) => own === feed && setState(next));
    setState(own.state());
  }

  function settle() {
    isDue = false;
    if (seats.size === 0) {
      drop();
      return onClose();
    }
    const all = [...seats.values()];
    const together = [...new Set(all.flat())].sort();
    const isAll = isRefused || together.length > MOST_SYMBOLS || all.some(({ length }) => !length);
    const wanted = isAll ? [] : together;
    const hasAll = named.length === 0 || !isAll && wanted.every((each) => named.includes(each));
    if (!feed || !hasAll) follow(wanted);
  }

  /** Not at once: tickers come, go and change together. */
  function settleLater() {
    if (!isDue) later(settle);
    isDue = true;
  }

  return {
    /**
     * Follows.
     *
     * @param {readonly string[]} symbols All where there are none.
     * @param {() => void} onChange
     * @returns {() => void} Ends it.
     */
    join(symbols, onChange) {
      const own = () => onChange();
      seats.set(own, symbols);
      settleLater();
      return () => {
        seats.delete(own);
        settleLater();
      };
    },
    /** What is known, of the wire's shapes. @returns {Market} */
    market: () => ({
      quotes: /** @type {Market["quotes"]} */ (model.quotes),
      statuses: /** @type {Status[]} */ (Object.values(model.status)),
      hasSnapshot,
    }),
    state: () => state,
    onState: states.add,
    reconnect: () => feed?.reconnect(),
  };
}
