// @ts-check
/// <reference lib="dom" />
/**
 * `<edgetape-ticker>`: live prices on any page, without a frame and without a line of script.
 *
 * Attributes: `symbols` (all where none are named), `url` (the server this file came from), `layout="scroll"` (one line).
 * Parts: `ticker`, `list`, `item` (with `up`, `down`, `stale`, …), the fields of an item, `foot`, `badge`, `badge-…`, `sources`.
 * Custom properties: `--edgetape-text`, `-ground`, `-line`, `-good`, `-warn`, `-bad`, `-calm`, `-accent`, `-flash`, `-radius`.
 *
 * @module
 */
import { connect } from "./client.js";
import "./badge/element.js";
import { NO_FEED } from "./client/no_feed.js";
import { createDesk } from "./ticker/shared_subscription.js";
import { createTickerView } from "./ticker/view.js";
import { symbolsOf } from "./ticker/text.js";
import { localeOf } from "./format/values.js";

/** @import { State } from "./client/types.js" */
/** @import { Watched } from "./badge/element.js" */
/** @import { Desk, Market } from "./ticker/shared_subscription.js" */

/** What the page's tickers follow, by server. @type {Map<string, Desk>} */
const desks = new Map();

/** @param {string} url */
function deskAt(url) {
  const desk = desks.get(url) ?? createDesk({
    open: (symbols) => connect({ url, topics: ["quotes"], symbols }),
    batch: (run) => void requestAnimationFrame(run),
    later: (run) => void setTimeout(run),
    report: reportError,
    onClose: () => void desks.delete(url),
  });
  desks.set(url, desk);
  return desk;
}

/** What is shown where there is nothing to follow. @param {string} url @returns {Watched} */
function noFeed(url) {
  /** @type {State} */
  const state = Object.freeze({ ...NO_FEED, kind: "stopped", reason: `"${url}" is no URL.` });
  return { state: () => state, onState: () => () => {}, reconnect() {} };
}

/** @type {Market} */
const NOTHING = { quotes: {}, statuses: [], hasSnapshot: false };

/** While it is connected, prices are as fresh as they say. */
const FOLLOWING = ["connecting", "live", "polling"];

/** The element. */
export class EdgetapeTicker extends HTMLElement {
  static observedAttributes = ["symbols", "url", "layout", "lang"];
  #view = createTickerView(this.attachShadow({ mode: "open" }));
  /** @type {Desk | undefined} */
  #desk;
  #leave = () => {};

  connectedCallback() {
    this.#follow();
  }

  disconnectedCallback() {
    this.#leave();
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === "layout") this.#view.setScrolling(this.getAttribute("layout") === "scroll");
    else if (!this.isConnected) return;
    else if (name === "lang") this.#show();
    else this.#follow();
  }

  #follow() {
    this.#leave();
    const url = this.getAttribute("url") ?? new URL(".", import.meta.url).href;
    this.#desk = URL.canParse(url, document.baseURI)
      ? deskAt(new URL(url, document.baseURI).href)
      : undefined;
    this.#view.badge.feed = this.#desk ?? noFeed(url);
    this.#leave = this.#desk?.join(this.#symbols(), () => this.#show()) ?? (() => {});
    this.#show();
  }

  #symbols() {
    return symbolsOf(this.getAttribute("symbols"));
  }

  #show() {
    const { quotes, statuses, hasSnapshot } = this.#desk?.market() ?? NOTHING;
    const isFollowing = FOLLOWING.includes(this.#view.badge.feed?.state().kind ?? "");
    const asked = this.#symbols();
    const offered = [...Object.keys(quotes), ...statuses.flatMap(({ symbols }) => symbols)];
    const shown = asked.length ? asked : offered.length ? [...new Set(offered)].sort() : [""];
    const known = { statuses, hasSnapshot, isFollowing };
    const lang = this.closest("[lang]")?.getAttribute("lang");
    this.#view.show(
      shown.map((symbol) => ({ ...known, symbol, quote: quotes[symbol] })),
      localeOf(lang ?? ""),
    );
  }
}

// Another version of it may have come before.
if (!customElements.get("edgetape-ticker")) {
  customElements.define("edgetape-ticker", EdgetapeTicker);
}
