// @ts-check
/**
 * What a view shows: the model, kept up to date by one feed for as long as somebody looks.
 *
 * @module
 */
import { createListeners } from "./listeners.js";
import { EMPTY, reduce, replaceNews } from "./model.js";

/** @import { Listeners } from "./listeners.js" */
/** @import { Kept, Model } from "./model.js" */
/** @import { Feed, StreamEvent } from "./types.js" */

/**
 * @typedef {object} Around What a store needs.
 * @property {() => Feed} connect
 * @property {(() => Promise<Kept[]>) | null} askNews The newest articles, newest first: a stream of
 *   news begins with what comes. Null where news are not followed.
 * @property {Model} [first] What a first paint had, its news with it. Nothing where not given.
 * @property {(run: () => void) => void} batch Runs later, once for all that has changed until then.
 * @property {(ms: number, run: () => void) => () => void} after
 * @property {(error: unknown) => void} report
 * @property {() => void} onClose Nobody looks any more.
 */

/** How long a feed outlives the last who looked: who mounts again does not connect again. */
const LINGER_MS = 1000;
/** How soon news are asked for again that could not be had. */
const AGAIN_MS = 15_000;

/** @param {Around} around */
export function createStore({ connect, askNews, first, batch, after, report, onClose }) {
  const feed = connect();
  /** @type {Listeners<void>} */
  const listeners = createListeners(report);
  let model = first ?? EMPTY;
  let state = feed.state();
  let isDue = false;
  let lookers = 0;
  let stopLinger = () => {};
  /** What came while the list was asked for, and is told after it. @type {StreamEvent[] | null} */
  let held = null;
  /** Whether nothing came, or will come, between the list and the stream. */
  let isWhole = askNews === null || first !== undefined;
  let stopAgain = () => {};

  const isFollowing = () => state.kind === "live" || state.kind === "polling";

  function change() {
    if (isDue) return;
    isDue = true;
    batch(() => {
      isDue = false;
      listeners.tell();
    });
  }

  /** @param {Model} next */
  function setModel(next) {
    if (next === model) return;
    model = next;
    change();
  }

  async function ask() {
    const mine = held = [...held ?? []];
    isWhole = isFollowing();
    stopAgain();
    const articles = await askNews?.().catch(() => null);
    if (held !== mine) return; // asked again since, or closed
    held = null;
    if (!articles) {
      isWhole = false;
      stopAgain = after(AGAIN_MS, () => void (isFollowing() && ask()));
    }
    setModel(mine.reduce(reduce, articles ? replaceNews(model, articles) : model));
  }

  feed.subscribe((event) => {
    const { type } = event;
    if (askNews && type === "gap") void ask();
    if (held && type.startsWith("article")) held.push(event);
    else setModel(reduce(model, event));
  });
  feed.onState((next) => {
    state = next;
    // The list came before the stream began, and what came between them is in neither.
    if (!isWhole && isFollowing()) void ask();
    change();
  });
  if (!isWhole) void ask();

  return {
    model: () => model,
    state: () => state,
    /** @param {() => void} listener @returns {() => void} */
    subscribe(listener) {
      lookers++;
      stopLinger();
      const off = listeners.add(listener);
      return () => {
        off();
        if (--lookers > 0) return;
        stopLinger = after(LINGER_MS, () => {
          feed.close();
          held = null;
          stopAgain();
          onClose();
        });
      };
    },
  };
}
