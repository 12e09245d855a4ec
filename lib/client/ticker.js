// @ts-check
/// <reference lib="dom" />
/**
 * `<edgetape-ticker>`: live prices on any page, without an iframe or a script of the page.
 *
 * Attributes: `symbols` (the default is all), `url` (the default is the server of this file), `layout="scroll"` (one line).
 * Parts: `ticker`, `list`, `item` (with `up`, `down`, `stale`, …), the fields of an item, `foot`, `badge`, `badge-…`, `sources`.
 * Custom properties: `--edgetape-text`, `-ground`, `-line`, `-good`, `-warn`, `-bad`, `-calm`, `-accent`, `-flash`, `-radius`.
 *
 * @module
 */
import { connect } from "./client.js";
import "./badge/element.js";
import { isFollowing } from "./badge/presentation.js";
import { IDLE_STATE } from "./client/state.js";
import { localeOf } from "./format/values.js";
import { createSharedSubscription } from "./ticker/shared_subscription.js";
import { parseSymbols } from "./ticker/text.js";
import { createTickerView } from "./ticker/view.js";

/** @import { ConnectionState } from "./client/types.js" */
/** @import { ObservableFeed } from "./badge/element.js" */
/** @import { SharedSubscription, TickerData } from "./ticker/shared_subscription.js" */

/** The subscriptions of this page, by server. @type {Map<string, SharedSubscription>} */
const subscriptions = new Map();

/** Returns the subscription at a server, which is created with its first ticker. @param {string} url Absolute. */
function subscriptionAt(url) {
  const subscription = subscriptions.get(url) ?? createSharedSubscription({
    open: (symbols) => connect({ url, topics: ["quotes"], symbols }),
    batch: (run) => void requestAnimationFrame(run),
    defer: (run) => void setTimeout(run),
    report: reportError,
    onClose: () => void subscriptions.delete(url),
  });
  subscriptions.set(url, subscription);
  return subscription;
}

/** Creates a stopped feed in place of one whose URL is invalid. @param {string} url @returns {ObservableFeed} */
function createInvalidFeed(url) {
  /** @type {ConnectionState} */
  const state = Object.freeze({
    ...IDLE_STATE,
    kind: "stopped",
    reason: `"${url}" is not a valid URL.`,
  });
  return { state: () => state, onState: () => () => {}, reconnect() {} };
}

/** The symbol of the only item while a ticker waits for its first symbols. */
const PLACEHOLDER_SYMBOL = "";

/** The data of a ticker without a subscription. @type {TickerData} */
const NO_TICKER_DATA = { quotes: {}, statuses: [], hasSnapshot: false };

/** The element. It subscribes while it is in the document, and again when `symbols` or `url` changes. */
export class EdgetapeTicker extends HTMLElement {
  static observedAttributes = ["symbols", "url", "layout", "lang"];
  #view = createTickerView(this.attachShadow({ mode: "open" }));
  /** @type {SharedSubscription | undefined} */
  #subscription;
  #leave = () => {};

  connectedCallback() {
    this.#subscribe();
  }

  disconnectedCallback() {
    this.#leave();
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === "layout") this.#view.setScrolling(this.getAttribute("layout") === "scroll");
    else if (!this.isConnected) return;
    else if (name === "lang") this.#show();
    else this.#subscribe();
  }

  #subscribe() {
    this.#leave();
    const url = this.getAttribute("url") ?? new URL(".", import.meta.url).href;
    this.#subscription = URL.canParse(url, document.baseURI)
      ? subscriptionAt(new URL(url, document.baseURI).href)
      : undefined;
    this.#view.badge.feed = this.#subscription ?? createInvalidFeed(url);
    this.#leave = this.#subscription?.join(this.#symbols(), () => this.#show()) ?? (() => {});
    this.#show();
  }

  #symbols() {
    return parseSymbols(this.getAttribute("symbols"));
  }

  #show() {
    const { quotes, statuses, hasSnapshot } = this.#subscription?.data() ?? NO_TICKER_DATA;
    const state = this.#view.badge.feed?.state();
    const requested = this.#symbols();
    const offered = [...Object.keys(quotes), ...statuses.flatMap(({ symbols }) => symbols)];
    const symbols = requested.length > 0 ? requested : [...new Set(offered)].sort();
    if (symbols.length === 0) symbols.push(PLACEHOLDER_SYMBOL);
    const common = { statuses, hasSnapshot, isFollowing: !!state && isFollowing(state) };
    const locale = localeOf(this.closest("[lang]")?.getAttribute("lang"));
    this.#view.show(
      symbols.map((symbol) => ({ ...common, symbol, quote: quotes[symbol] })),
      locale,
    );
  }
}

// Another version of this file may have defined the element.
if (!customElements.get("edgetape-ticker")) {
  customElements.define("edgetape-ticker", EdgetapeTicker);
}
